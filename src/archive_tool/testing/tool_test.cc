#include "archive_tool/testing/tool_test.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "pprof/testing/random_profile.h"

namespace invar::archive_tool::testing {

pprof::Profile profile_of(const std::vector<pprof::SampleType>& types,
                          const std::vector<std::string>& stacks) {
  pprof::Profile profile{.sample_types = types, .time_unix_ns = kStart, .duration_ns = 10 * kSecond};
  std::map<std::string, std::uint64_t, std::less<>> ids;
  for (const std::string& text : stacks) {
    const auto words = split(text, ' ');
    pprof::Sample sample;
    for (const std::string_view name : split(words[0], ';')) {
      const auto [at, added] = ids.try_emplace(std::string(name), ids.size() + 1);
      if (added) {
        const std::uint64_t id = at->second;
        profile.functions.push_back({.id = id,
                                     .name = std::string(name),
                                     .system_name = std::string(name),
                                     .filename = std::string(name) + ".go"});
        profile.locations.push_back(
            {.id = id, .lines = {{.function_id = id, .line = static_cast<std::int64_t>(id)}}});
      }
      sample.location_ids.insert(sample.location_ids.begin(), at->second);
    }
    for (std::size_t i = 1; i < words.size(); ++i) sample.values.push_back(*parse_int(words[i]));
    profile.samples.push_back(std::move(sample));
  }
  return profile;
}

ToolTest::ToolTest() {
  environment_.files = disk_;
  environment_.print = [this](std::string_view text) { out_ += text; };
  environment_.warn = [this](std::string_view text) { err_.append(text) += '\n'; };
  environment_.now_unix_ns = kStart + 3600 * kSecond;
  environment_.threads = 2;
  EXPECT_TRUE(disk_->make_directories("/archive"));
}

std::string ToolTest::store(const Labels& labels, UnixNanos taken, std::string_view body,
                            archive::Kind kind) {
  archive::Meta meta{.labels = labels, .kind = kind, .taken_unix_ns = taken, .origin = "pyroscope.fsdump.a"};
  if (kind == archive::Kind::kIngest) meta.ingest_path = "/ingest", meta.ingest_query = "name=x";
  const auto encoded = archive::encode(meta, body);
  EXPECT_TRUE(encoded);
  std::string random(10, '\0');
  random[9] = ++stored_;
  const std::string path = "/archive/" + archive::file_name(archive::make_uuid_v7(taken, random), kind);
  write(path, encoded->head + std::string(encoded->body_tail));
  return path;
}

std::string ToolTest::store(const Labels& labels, UnixNanos taken, const pprof::Profile& profile) {
  return store(labels, taken, pprof::testing::gzipped(pprof::serialize(profile)));
}

void ToolTest::write(const std::string& path, std::string_view bytes) {
  EXPECT_TRUE(disk_->write_file_atomically(path, bytes, 0640, false));
}

}  // namespace invar::archive_tool::testing
