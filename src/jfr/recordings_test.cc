// The recordings of testdata/jfr: what stands in them, and what becomes of it, is what the JDK's own tools say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "jfr/limits.h"
#include "jfr/profile_kind.h"
#include "jfr/spans.h"
#include "jfr/summary.h"
#include "jfr/testing/recordings.h"
#include "jfr/to_pprof.h"
#include "pprof/profile.h"

namespace invar::jfr {
namespace {

struct Sum {
  std::int64_t count = 0, amount = 0;
  bool operator==(const Sum&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Sum& sum) {
  return out << sum.count << '/' << sum.amount;
}
using Sums = std::map<std::string, Sum>;  // by "<first sample type> <leaf;...;root>"

std::string stack_of(const pprof::Profile& profile, const pprof::Sample& sample) {
  std::string out;
  for (const std::uint64_t id : sample.location_ids) {
    const pprof::Line& line = profile.locations[id - 1].lines.front();
    if (!out.empty()) out += ';';
    out += profile.functions[line.function_id - 1].name + ":" + std::to_string(line.line);
  }
  return out;
}

Sums converted(const std::string& bytes, const ConvertOptions& options) {
  const auto conversion = to_pprof(bytes, options);
  EXPECT_TRUE(conversion.has_value());
  EXPECT_EQ(conversion->report.losses(), "");
  Sums sums;
  for (const ConvertedProfile& profile : conversion->profiles) {
    const auto parsed = pprof::parse(profile.body);
    EXPECT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->samples.size(), profile.samples);
    for (const pprof::Sample& sample : parsed->samples) {
      Sum& sum = sums[parsed->sample_types[0].type + ' ' + stack_of(*parsed, sample)];
      sum.count += sample.values[0];
      if (sample.values.size() > 1) sum.amount += sample.values[1];
    }
  }
  return sums;
}

// The lines of an .expected file, which count events; of these, `cpu` and `wall` become time.
Sums expected(const std::string& name, std::int64_t cpu_interval, std::int64_t wall_interval,
              bool wall_of_execution) {
  Sums sums;
  for (const std::string& line : testing::recording_lines(name + ".expected")) {
    std::istringstream in(line);
    std::string event, stack;
    Sum sum;
    in >> event >> sum.count >> sum.amount;
    std::getline(in >> std::ws, stack);
    const bool executes = event == "jdk.ExecutionSample";
    if (wall_of_execution && (executes || event == "sleeping"))
      sums["wall " + stack].count += sum.count * wall_interval;
    for (const EventShape& shape_of_event : event_shapes()) {
      if (shape_of_event.event != event) continue;
      Sum& total = sums[shape(shape_of_event.profile).first.type + ' ' + stack];
      const std::int64_t interval = executes                              ? cpu_interval
                                    : event == "profiler.WallClockSample" ? wall_interval
                                                                          : 1;
      total.count += sum.count * interval;
      total.amount += sum.amount;
    }
  }
  return sums;
}

TEST(Recordings, HoldTheEventsThatTheJdkFindsInThem) {
  for (const std::string& name : testing::recording_names()) {
    SCOPED_TRACE(name);
    const auto summary = summarize(testing::recording(name));
    ASSERT_TRUE(summary.has_value());
    std::vector<std::string> lines;
    for (const auto& [event, sum] : summary->events) {
      lines.push_back(event + ' ' + std::to_string(sum.count) + ' ' + std::to_string(sum.bytes));
    }
    EXPECT_THAT(lines, ::testing::UnorderedElementsAreArray(testing::recording_lines(name + ".summary")));
    EXPECT_EQ(summary->report.losses(), "");
  }
}

TEST(Recordings, BecomeProfilesWithTheStacksAndValuesThatTheJdkPrints) {
  constexpr std::int64_t kMs = 1'000'000;
  for (const std::string& name : testing::recording_names()) {
    SCOPED_TRACE(name);
    const bool is_nobatch = name.ends_with("nobatch");
    const std::int64_t cpu = is_nobatch ? 20 * kMs : 10 * kMs;
    const std::int64_t wall = is_nobatch ? 20 * kMs : 50 * kMs;
    EXPECT_EQ(converted(testing::recording(name), {}), expected(name, cpu, wall, is_nobatch));
  }
}

// Copies, so that a read behind the end is seen by the sanitizer.
TEST(Recordings, CutOffAnywhereAreReadAsFarAsTheyGo) {
  testing::ChunkWriter chunk;
  chunk.sample(testing::ChunkWriter::kExecution, {.stack = chunk.stack({{"Shop", "total", 7}})});
  std::vector<std::string> parts;
  const std::string small = chunk.finish(), real = testing::recording("async-profiler-4.5-locks");
  for (std::size_t size = 0; size < small.size(); ++size) parts.push_back(small.substr(0, size));
  for (std::size_t size = 68; size < real.size(); size += 97) parts.push_back(real.substr(0, size));
  for (const std::string& part : parts) {
    const auto summary = summarize(part);
    const auto conversion = to_pprof(part, {});
    ASSERT_EQ(summary.has_value(), part.size() >= 68) << part.size();
    ASSERT_EQ(conversion.has_value(), summary.has_value());
    if (!summary) continue;
    EXPECT_GE(summary->report.damaged_chunks + summary->report.truncated_chunks, 1U);
    EXPECT_EQ(summary->report.events, conversion->report.events);
  }
}

TEST(Recordings, EventsAreCountedByType) {
  const std::string bytes = testing::recording("async-profiler-4.5-locks");
  auto summary = summarize(bytes);
  const auto conversion = to_pprof(bytes, {});
  ASSERT_TRUE(summary && conversion);
  EXPECT_GT(conversion->events[static_cast<std::size_t>(EventKind::kMonitor)], 0U);
  for (std::size_t kind = 0; kind < kEventKinds; ++kind) {
    const std::string_view name = event_shapes()[kind].event;
    EXPECT_EQ(conversion->events[kind], summary->events[std::string(name)].count) << name;
  }
}

TEST(Recordings, ThatAreStillWrittenAreReadToTheirEnd) {
  std::string bytes = testing::recording("async-profiler-4.5-locks");
  const auto whole = to_pprof(bytes, {});
  bytes.replace(8, 8, std::string("\0\0\0\0\x40\0\0\0", 8));
  const auto unfinished = to_pprof(bytes, {});
  ASSERT_TRUE(whole && unfinished);
  EXPECT_EQ(unfinished->report.truncated_chunks, 1U);
  ASSERT_EQ(unfinished->profiles.size(), whole->profiles.size());
  for (std::size_t i = 0; i < whole->profiles.size(); ++i) {
    EXPECT_EQ(unfinished->profiles[i].body, whole->profiles[i].body);
  }
}

// 64 of 125 samples by the times that `jfr print` shows.
TEST(Recordings, TellWhatWasSampledInASpan) {
  const auto conversion = to_pprof(testing::recording("async-profiler-4.5-spans"), {.span_labels = true});
  ASSERT_TRUE(conversion.has_value());
  ASSERT_EQ(conversion->profiles.size(), 1U);
  const auto profile = pprof::parse(conversion->profiles[0].body);
  ASSERT_TRUE(profile.has_value());
  std::int64_t inside = 0, all = 0;
  for (const pprof::Sample& sample : profile->samples) {
    all += sample.values[0];
    if (sample.labels.empty()) continue;
    EXPECT_EQ(sample.labels[0].key, "span_name");
    EXPECT_EQ(sample.labels[0].str, "checkout");
    inside += sample.values[0];
  }
  EXPECT_EQ(inside, 640'000'000);
  EXPECT_EQ(all, 1'250'000'000);
}

TEST(Recordings, TellTheBytesOfLiveObjectsWhenAsked) {
  const auto conversion = to_pprof(testing::recording("async-profiler-4.5-wall"), {.live_bytes = true});
  ASSERT_TRUE(conversion.has_value());
  std::int64_t objects = 0, bytes = 0;
  for (const ConvertedProfile& converted : conversion->profiles) {
    const auto profile = pprof::parse(converted.body);
    ASSERT_TRUE(profile.has_value());
    if (profile->sample_types[0].type != "live") continue;
    EXPECT_EQ(profile->sample_types[1].type, "live_bytes");
    for (const pprof::Sample& sample : profile->samples) {
      objects += sample.values[0];
      bytes += sample.values[1];
    }
  }
  EXPECT_EQ(objects, 115);
  EXPECT_EQ(bytes, 18'327'344);
}

TEST(Spans, AreFoundByThreadAndTimeTheInnermostFirst) {
  Spans spans;
  ASSERT_TRUE(spans.add(1, 100, 100, 7));
  ASSERT_TRUE(spans.add(1, 120, 10, 8));
  ASSERT_TRUE(spans.add(2, 0, 1000, 9));
  spans.sort();
  EXPECT_EQ(spans.tag_at(1, 99), 0U);
  EXPECT_EQ(spans.tag_at(1, 100), 7U);
  EXPECT_EQ(spans.tag_at(1, 125), 8U);
  EXPECT_EQ(spans.tag_at(1, 131), 7U);
  EXPECT_EQ(spans.tag_at(1, 201), 0U);
  EXPECT_EQ(spans.tag_at(2, 125), 9U);
  EXPECT_EQ(spans.tag_at(3, 125), 0U);
}

TEST(Recordings, OfSeveralChunksAreOneProfileOfEachKind) {
  const auto conversion = to_pprof(testing::recording("async-profiler-4.5-chunks"), {});
  ASSERT_TRUE(conversion.has_value());
  EXPECT_GT(conversion->report.chunks, 1U);
  std::multiset<std::string> names;
  for (const ConvertedProfile& profile : conversion->profiles) names.insert(profile.name);
  EXPECT_EQ(names.count("process_cpu"), 1U);
  EXPECT_GT(conversion->duration_ns, 2'000'000'000);
}

}  // namespace
}  // namespace invar::jfr
