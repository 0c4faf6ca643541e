#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/file/arguments.h"
#include "components/discovery/file/component.h"
#include "fs/testing/temp_dir.h"

namespace invar::components::discovery_file {
namespace {

namespace stdfs = std::filesystem;
using component::HealthState;
using std::chrono::milliseconds;
using std::chrono::seconds;

class FileDiscoveryTest : public ::testing::Test {
 protected:
  ~FileDiscoveryTest() override { harness_.stop(); }

  std::string path(const std::string& name) const { return dir_.path(name); }
  void write(const std::string& name, const std::string& text) { dir_.write(name, text); }
  void replace(const std::string& name, const std::string& text) {
    write(name + ".tmp", text);
    stdfs::rename(path(name + ".tmp"), path(name));
  }
  void start(std::vector<std::string> files) {
    Arguments a;
    for (const auto& file : files) a.files.push_back(path(file));
    ASSERT_TRUE(harness_.build(registration_, a));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  // Enough for the settling of events and for the limit of exports, far less than the refresh interval.
  void settle() { harness_.loop.advance(seconds(6)); }
  // "a b": the addresses of the last export.
  std::string addresses() const {
    if (harness_.exports.empty()) return "none";
    std::string out;
    for (const auto& t : harness_.exports.back().as<component::TargetExports>().targets) {
      out += (out.empty() ? "" : " ") + std::string(t.get("__address__"));
    }
    return out;
  }

  fs::testing::TempDir dir_;
  component::Registration registration_ = registration();
  component::testing::ComponentHarness harness_{"discovery.file.x"};
};

TEST_F(FileDiscoveryTest, ReadsAllFilesOfAPatternOnce) {
  write("b.json", R"([{"targets": ["b"]}])");
  write("a.yml", "- targets: [a]\n  labels: {env: prod}\n");
  start({"*.json", "a.yml", "b.json", "missing.json"});
  EXPECT_EQ(harness_.exports.size(), 1u);
  EXPECT_EQ(addresses(), "a b") << "in the order of the paths, a file that two patterns match only once";
  const auto& first = harness_.exports.back().as<component::TargetExports>().targets[0];
  EXPECT_EQ(first.get("__meta_filepath"), path("a.yml"));
  EXPECT_EQ(first.get("env"), "prod");
  EXPECT_EQ(harness_.component->health()->message, "found 2 targets");
  EXPECT_NE(harness_.metric_lines("prometheus_sd_file_mtime_seconds").find("a.yml"), std::string::npos);
}

TEST_F(FileDiscoveryTest, NoticesAtomicRenameDeletionAndNewFiles) {
  write("a.json", R"([{"targets": ["a1"]}])");
  start({"*.json"});
  EXPECT_EQ(addresses(), "a1");
  replace("a.json", R"([{"targets": ["a2"]}])");
  settle();
  EXPECT_EQ(addresses(), "a2");
  write("b.json", R"([{"targets": ["b"]}])");
  settle();
  EXPECT_EQ(addresses(), "a2 b") << "the pattern grew";
  stdfs::remove(path("a.json"));
  settle();
  EXPECT_EQ(addresses(), "b") << "a vanished file takes its targets along";
  EXPECT_EQ(harness_.metric_lines("prometheus_sd_file_mtime_seconds").find("a.json"), std::string::npos);
}

TEST_F(FileDiscoveryTest, ABrokenFileKeepsItsOldGroupsAndOthersAreRead) {
  write("a.json", R"([{"targets": ["a"]}])");
  write("b.json", R"([{"targets": ["b"]}])");
  start({"*.json"});
  write("a.json", "[{");
  write("b.json", R"([{"targets": ["b2"]}])");
  settle();
  EXPECT_EQ(addresses(), "a b2");
  EXPECT_EQ(harness_.component->health()->state, HealthState::kHealthy);
  EXPECT_NE(harness_.component->health()->message.find("a.json"), std::string::npos);
  EXPECT_NE(harness_.component->health()->message.find("its previous targets are still used"),
            std::string::npos);
  EXPECT_EQ(harness_.log_count("Error reading file"), 1);
  harness_.loop.advance(std::chrono::minutes(20));
  EXPECT_EQ(harness_.log_count("Error reading file"), 1) << "one line per reason";
  write("a.json", R"([{"targets": ["a3"]}])");
  settle();
  EXPECT_EQ(addresses(), "a3 b2");
  EXPECT_EQ(harness_.component->health()->message, "found 2 targets");
}

TEST_F(FileDiscoveryTest, TheFileThatMakesItUnhealthyIsNamed) {
  write("a.json", R"([{"targets": ["a"]}])");
  start({"*.json"});
  write("a.json", "[{");
  write("b.json", "[{");
  settle();
  EXPECT_EQ(harness_.component->health()->state, HealthState::kUnhealthy);
  EXPECT_NE(harness_.component->health()->message.find("b.json"), std::string::npos)
      << "of a.json the targets of before still serve";
}

TEST_F(FileDiscoveryTest, AFileThatNeverWorkedIsUnhealthy) {
  write("a.json", "");
  start({"a.json"});
  EXPECT_EQ(harness_.component->health()->state, HealthState::kUnhealthy);
  EXPECT_EQ(addresses(), "") << "the set is known: it is empty";
  EXPECT_NE(harness_.metric_lines("prometheus_sd_file_read_errors_total").find("} 1\n"), std::string::npos);
}

TEST_F(FileDiscoveryTest, PatternsThatMatchNothingAreNamed) {
  start({"*.json", "a.yml"});
  EXPECT_EQ(harness_.component->health()->state, HealthState::kHealthy) << "the files may come later";
  EXPECT_EQ(harness_.component->health()->message,
            "found 0 targets; no file matches " + path("*.json") + ", " + path("a.yml"));
  write("a.yml", "- targets: [a]\n");
  settle();
  EXPECT_EQ(harness_.component->health()->message, "found 1 targets");
}

TEST_F(FileDiscoveryTest, ADirectoryThatAppearsLaterIsFoundAtTheInterval) {
  start({"later/*.json"});
  EXPECT_EQ(addresses(), "");
  EXPECT_EQ(harness_.log_count("only found at the interval"), 1);
  stdfs::create_directory(path("later"));
  write("later/a.json", R"([{"targets": ["a"]}])");
  harness_.loop.advance(std::chrono::minutes(5));
  EXPECT_EQ(addresses(), "a");
  write("later/a.json", R"([{"targets": ["b"]}])");
  settle();
  EXPECT_EQ(addresses(), "b") << "and watched from then on";
}

TEST_F(FileDiscoveryTest, AReplacedDirectoryIsWatchedAgain) {
  stdfs::create_directory(path("d"));
  write("d/a.json", R"([{"targets": ["a"]}])");
  start({"d/*.json"});
  stdfs::rename(path("d"), path("old"));
  stdfs::create_directory(path("d"));
  write("d/a.json", R"([{"targets": ["b"]}])");
  settle();
  EXPECT_EQ(addresses(), "b");
  write("d/a.json", R"([{"targets": ["c"]}])");
  settle();
  EXPECT_EQ(addresses(), "c");
}

TEST_F(FileDiscoveryTest, ABurstOfChangesGivesFewExports) {
  write("a.json", R"([{"targets": ["0"]}])");
  start({"a.json"});
  for (int i = 1; i <= 40; ++i) {
    replace("a.json", R"([{"targets": [")" + std::to_string(i) + "\"]}]");
    harness_.loop.advance(milliseconds(100));
  }
  EXPECT_EQ(harness_.exports.size(), 1u);
  settle();
  EXPECT_EQ(harness_.exports.size(), 2u);
  EXPECT_EQ(addresses(), "40");
}

TEST_F(FileDiscoveryTest, AnUpdateKeepsTheLastTargetsUntilTheNewOnesAreThere) {
  write("a.json", R"([{"targets": ["a"]}])");
  write("b.json", R"([{"targets": ["b"]}])");
  start({"a.json"});
  harness_.pool.set_paused(true);
  Arguments other;
  other.files = {path("b.json")};
  ASSERT_TRUE(harness_.update(registration_, other));
  harness_.loop.advance(seconds(30));
  EXPECT_EQ(harness_.exports.size(), 1u) << "never an empty list in between";
  harness_.pool.set_paused(false);
  harness_.loop.run_until_idle();
  EXPECT_EQ(addresses(), "b");
  EXPECT_EQ(harness_.exports.size(), 2u);
}

TEST_F(FileDiscoveryTest, StopEndsEverything) {
  write("a.json", "[]");
  start({"a.json"});
  EXPECT_TRUE(harness_.stop());
  EXPECT_EQ(harness_.loop.pending_timers(), 0u);
}

}  // namespace
}  // namespace invar::components::discovery_file
