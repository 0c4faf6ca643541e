// ToolTest: an archive in memory at /archive, and what a command printed.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "archive/archive_file.h"
#include "archive_tool/environment.h"
#include "archive_tool/selection.h"
#include "fs/testing/memory_fs.h"
#include "pprof/profile.h"

namespace invar::archive_tool::testing {

inline constexpr UnixNanos kSecond = 1'000'000'000;
inline constexpr UnixNanos kStart = 1'789'000'000 * kSecond;  // 2026-09-10 00:26:40 UTC

// One stack per line, "main;work;leaf 5 100": names from the root, then a value per sample type.
pprof::Profile profile_of(const std::vector<pprof::SampleType>& types,
                          const std::vector<std::string>& stacks);

class ToolTest : public ::testing::Test {
 protected:
  ToolTest();
  // Stores a profile as the archive does; returns its path.
  std::string store(const Labels& labels, UnixNanos taken, std::string_view body,
                    archive::Kind kind = archive::Kind::kPprof);
  std::string store(const Labels& labels, UnixNanos taken, const pprof::Profile& profile);
  void write(const std::string& path, std::string_view bytes);
  std::string out() { return std::exchange(out_, {}); }
  std::string err() { return std::exchange(err_, {}); }

  std::shared_ptr<fs::testing::MemoryFileSystem> disk_ = fs::testing::MemoryFileSystem::create();
  Environment environment_;
  const Selection archive_{.paths = {"/archive"}};

 private:
  std::string out_, err_;
  char stored_ = 0;
};

}  // namespace invar::archive_tool::testing
