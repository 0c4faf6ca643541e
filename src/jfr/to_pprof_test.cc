// Synthetic recordings: what becomes of each kind of event, of settings and of labels, and what is counted as left out.
#include "jfr/to_pprof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jfr/limits.h"
#include "jfr/testing/recordings.h"
#include "pprof/profile.h"

namespace invar::jfr {
namespace {

using testing::ChunkWriter;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::put_text;
using testing::put_varint;
using ::testing::SizeIs;

Conversion convert(const std::string& bytes, const ConvertOptions& options = {}) {
  auto conversion = to_pprof(bytes, options);
  EXPECT_TRUE(conversion.has_value());
  return conversion ? std::move(*conversion) : Conversion();
}
pprof::Profile parsed(const ConvertedProfile& profile) {
  auto result = pprof::parse(profile.body);
  EXPECT_TRUE(result.has_value());
  return std::move(*result);
}
// "cpu/nanoseconds=10000000 period cpu/nanoseconds 10000000"
std::string shown(const ConvertedProfile& converted) {
  const pprof::Profile profile = parsed(converted);
  std::string out = converted.name + ":";
  for (std::size_t i = 0; i < profile.sample_types.size(); ++i) {
    std::int64_t total = 0;
    for (const pprof::Sample& sample : profile.samples) total += sample.values[i];
    out +=
        ' ' + profile.sample_types[i].type + '/' + profile.sample_types[i].unit + '=' + std::to_string(total);
  }
  return out + " period " + profile.period_type.type + '/' + profile.period_type.unit + ' ' +
         std::to_string(profile.period);
}
std::vector<std::string> shown(const Conversion& conversion) {
  std::vector<std::string> out;
  for (const ConvertedProfile& profile : conversion.profiles) out.push_back(shown(profile));
  return out;
}

struct Row {
  ChunkWriter::Type type;
  std::string profile;
};

TEST(ToPprof, MakesOneProfileOfEachKindOfEvent) {
  const std::vector<Row> rows = {
      {ChunkWriter::kExecution, "process_cpu: cpu/nanoseconds=20000000 period cpu/nanoseconds 10000000"},
      {ChunkWriter::kWallClock, "wall: wall/nanoseconds=300000000 period wall/nanoseconds 50000000"},
      {ChunkWriter::kInNewTlab,
       "memory: alloc_in_new_tlab_objects/count=2 alloc_in_new_tlab_bytes/bytes=2000 period space/bytes 0"},
      {ChunkWriter::kOutsideTlab,
       "memory: alloc_outside_tlab_objects/count=2 alloc_outside_tlab_bytes/bytes=2000 period space/bytes 0"},
      {ChunkWriter::kAllocationSample,
       "memory: alloc_sample_objects/count=2 alloc_sample_bytes/bytes=2000 period space/bytes 0"},
      {ChunkWriter::kLive, "memory: live/count=2 period objects/count 1"},
      {ChunkWriter::kMalloc, "memory: malloc_objects/count=2 malloc_bytes/bytes=2000 period / 0"},
      {ChunkWriter::kMonitor, "mutex: contentions/count=2 delay/nanoseconds=2000 period mutex/count 1"},
      {ChunkWriter::kPark, "block: contentions/count=2 delay/nanoseconds=2000 period block/count 1"},
      {ChunkWriter::kNativeLock,
       "native_lock: contentions/count=2 delay/nanoseconds=2000 period mutex/count 1"},
  };
  for (const Row& row : rows) {
    ChunkWriter chunk;
    const ChunkWriter::Sample sample{
        .stack = chunk.stack({{"Shop", "total", 7}, {"Shop", "main", 3}}), .amount = 1000, .samples = 3};
    chunk.sample(row.type, sample);
    chunk.sample(row.type, sample);
    const Conversion conversion = convert(chunk.finish(), {.native_locks = true});
    EXPECT_THAT(shown(conversion), ElementsAre(row.profile));
    ASSERT_THAT(conversion.profiles, SizeIs(1));
    EXPECT_EQ(conversion.profiles[0].samples, 1U);
    EXPECT_EQ(conversion.report.losses(), "");
  }
}

TEST(ToPprof, LeavesOtherEventsAndUnaskedNativeLocksOut) {
  ChunkWriter chunk;
  const std::uint64_t stack = chunk.stack({{"Shop", "total", 7}});
  chunk.sample(ChunkWriter::kNativeLock, {.stack = stack, .amount = 5});
  chunk.raw_event(ChunkWriter::kOther, "\1");
  chunk.raw_event(999, "of no known type");
  const Conversion conversion = convert(chunk.finish());
  EXPECT_THAT(conversion.profiles, IsEmpty());
  EXPECT_EQ(conversion.report.losses(), "");
}

TEST(ToPprof, GivesLockDurationsInNanosecondsWhateverTheClock) {
  ChunkWriter chunk(/*ticks_per_second=*/2'500'000'000);
  chunk.sample(ChunkWriter::kMonitor, {.stack = chunk.stack({{"Shop", "total", 7}}), .amount = 2'500'000});
  EXPECT_THAT(shown(convert(chunk.finish())),
              ElementsAre("mutex: contentions/count=1 delay/nanoseconds=1000000 period mutex/count 1"));
}

TEST(ToPprof, TakesPeriodsFromTheRecordingsOwnSettings) {
  ChunkWriter chunk;
  const ChunkWriter::Sample sample{.stack = chunk.stack({{"Shop", "total", 7}}), .amount = 1};
  chunk.sample(ChunkWriter::kExecution, sample);
  chunk.sample(ChunkWriter::kWallClock, sample);
  chunk.sample(ChunkWriter::kInNewTlab, sample);
  chunk.setting(ChunkWriter::kExecution, "interval", "7000000");
  chunk.setting(ChunkWriter::kExecution, "wall", "30000000");
  chunk.setting(ChunkWriter::kInNewTlab, "alloc", "524288");
  chunk.setting(ChunkWriter::kInNewTlab, "interval", "1");  // not of execution samples
  chunk.setting(ChunkWriter::kOther, "event", "itimer");
  const Conversion conversion = convert(chunk.finish());
  EXPECT_THAT(shown(conversion),
              ElementsAre("process_cpu: cpu/nanoseconds=7000000 period cpu/nanoseconds 7000000",
                          "wall: wall/nanoseconds=30000000 period wall/nanoseconds 30000000",
                          "memory: alloc_in_new_tlab_objects/count=1 alloc_in_new_tlab_bytes/bytes=1 period "
                          "space/bytes 524288"));
  EXPECT_EQ(conversion.event, "itimer");
}

TEST(ToPprof, CountsSleepersAsWallTimeOnly) {
  ChunkWriter chunk;
  const std::uint64_t stack = chunk.stack({{"Shop", "total", 7}});
  chunk.sample(ChunkWriter::kExecution, {.stack = stack});
  chunk.sample(ChunkWriter::kExecution, {.stack = stack, .is_sleeping = true});
  EXPECT_THAT(shown(convert(chunk.finish())),
              ElementsAre("process_cpu: cpu/nanoseconds=10000000 period cpu/nanoseconds 10000000"));
  chunk.setting(ChunkWriter::kExecution, "interval", "20000000");
  chunk.setting(ChunkWriter::kOther, "event", "wall");
  EXPECT_THAT(shown(convert(chunk.finish())),
              ElementsAre("process_cpu: cpu/nanoseconds=20000000 period cpu/nanoseconds 20000000",
                          "wall: wall/nanoseconds=40000000 period wall/nanoseconds 20000000"));
}

TEST(ToPprof, NamesFramesAndMergesGeneratedNames) {
  ChunkWriter chunk;
  chunk.sample(ChunkWriter::kExecution, {.stack = chunk.stack({{"", "memcpy", 0},
                                                               {"libjvm.so", "os::park", 0},
                                                               {"Shop$$Lambda$14/0x0800", "run", 5}})});
  chunk.sample(ChunkWriter::kExecution, {.stack = chunk.stack({{"", "memcpy", 0},
                                                               {"libjvm.so", "os::park", 0},
                                                               {"Shop$$Lambda$77/0x0900", "run", 5}})});
  const Conversion conversion = convert(chunk.finish());
  ASSERT_THAT(conversion.profiles, SizeIs(1));
  const pprof::Profile profile = parsed(conversion.profiles[0]);
  std::vector<std::string> names;
  for (const pprof::Function& function : profile.functions) names.push_back(function.name);
  EXPECT_THAT(names, ElementsAre("memcpy", "libjvm.so.os::park", "Shop$$Lambda_.run"));
  ASSERT_THAT(profile.samples, SizeIs(1));
  EXPECT_EQ(profile.locations[2].lines[0].line, 5);
  ASSERT_THAT(profile.mappings, SizeIs(1));
  EXPECT_TRUE(profile.mappings[0].has_functions);
  EXPECT_EQ(profile.time_unix_ns, 1'700'000'000'000'000'000);
  EXPECT_EQ(profile.duration_ns, 10'000'000'000);
}

std::string map_entry(std::uint64_t key, std::string_view value_field) {
  std::string out("\x08");
  put_varint(out, key);
  out += value_field;
  return out;
}
std::string bytes_field(char tag, std::string_view bytes) {
  std::string out(1, tag);
  put_varint(out, bytes.size());
  return out + std::string(bytes);
}
// Context 5 has the label vehicle=bike.
std::string snapshot_bytes() {
  std::string out =
      bytes_field('\x0a', map_entry(5, bytes_field('\x12', bytes_field('\x0a', "\x08\x01\x10\x02"))));
  std::uint64_t key = 0;
  for (const std::string_view text : {"vehicle", "bike", "GET /shop"}) {
    out += bytes_field('\x12', map_entry(++key, bytes_field('\x12', text)));
  }
  return out;
}
std::vector<std::string> labels(const pprof::Sample& sample) {
  std::vector<std::string> out;
  for (const pprof::SampleLabel& label : sample.labels) out.push_back(label.key + '=' + label.str);
  return out;
}

TEST(ToPprof, KeepsSamplesOfDifferentContextsApartWhenTheirLabelsAreKnown) {
  ChunkWriter chunk;
  const std::uint64_t stack = chunk.stack({{"Shop", "total", 7}});
  chunk.sample(ChunkWriter::kExecution, {.stack = stack});
  chunk.sample(ChunkWriter::kExecution, {.stack = stack, .context = 5, .span = 0xabc, .span_name = 3});
  chunk.sample(ChunkWriter::kExecution, {.stack = stack, .context = 5, .span = 0xabc, .span_name = 3});
  chunk.sample(ChunkWriter::kExecution, {.stack = stack, .context = 77});  // of no snapshot
  const auto snapshot = LabelsSnapshot::parse(snapshot_bytes());
  ASSERT_TRUE(snapshot.has_value());
  const pprof::Profile with = parsed(convert(chunk.finish(), {.labels = &*snapshot}).profiles.at(0));
  ASSERT_THAT(with.samples, SizeIs(2));
  EXPECT_THAT(labels(with.samples[0]), IsEmpty());
  EXPECT_THAT(labels(with.samples[1]),
              ElementsAre("vehicle=bike", "profile_id=0000000000000abc", "span_name=GET /shop"));
  EXPECT_THAT(parsed(convert(chunk.finish()).profiles.at(0)).samples, SizeIs(1));
}

TEST(ToPprof, LabelsThreadsWhenAsked) {
  ChunkWriter chunk;
  const std::uint64_t stack = chunk.stack({{"Shop", "total", 7}});
  for (const char* const thread : {"main", "worker", "main", ""}) {
    chunk.sample(ChunkWriter::kExecution, {.stack = stack, .thread = thread});
  }
  const pprof::Profile profile = parsed(convert(chunk.finish(), {.thread_labels = true}).profiles.at(0));
  ASSERT_THAT(profile.samples, SizeIs(3));
  EXPECT_THAT(labels(profile.samples[0]), ElementsAre("thread=main"));
  EXPECT_EQ(profile.samples[0].values[0], 20'000'000);
  EXPECT_THAT(labels(profile.samples[2]), ElementsAre("thread=os "));
}

TEST(ToPprof, JoinsChunksWhateverKeysTheyUse) {
  ChunkWriter first, second;
  second.stack({{"Other", "first", 1}});
  first.sample(ChunkWriter::kExecution, {.stack = first.stack({{"Shop", "total", 7}})});
  second.sample(ChunkWriter::kExecution, {.stack = second.stack({{"Shop", "total", 7}})});
  const Conversion conversion = convert(first.finish() + second.finish());
  EXPECT_EQ(conversion.report.chunks, 2U);
  EXPECT_THAT(shown(conversion),
              ElementsAre("process_cpu: cpu/nanoseconds=20000000 period cpu/nanoseconds 10000000"));
  EXPECT_EQ(conversion.profiles[0].samples, 1U);
}

TEST(ToPprof, CountsWhatItLeavesOut) {
  ChunkWriter chunk;
  chunk.sample(ChunkWriter::kExecution, {.stack = 0});
  chunk.sample(ChunkWriter::kExecution, {.stack = 4711});
  chunk.raw_event(ChunkWriter::kExecution, "\1\1");
  std::vector<ChunkWriter::Frame> deep;
  for (std::uint32_t i = 0; i <= kMaxStackDepth; ++i) deep.push_back({"Shop", "deep", 7});
  chunk.sample(ChunkWriter::kExecution, {.stack = chunk.stack(deep)});
  const Conversion conversion = convert(chunk.finish() + "FLR");
  EXPECT_EQ(conversion.report.losses(),
            "chunks cut off: 1, events damaged: 1, samples without a stack trace: 2, stacks cut off: 1");
  EXPECT_THAT(parsed(conversion.profiles.at(0)).samples.at(0).location_ids, SizeIs(kMaxStackDepth));
}

TEST(ToPprof, RefusesWhatIsNoRecording) {
  const std::string good = ChunkWriter().finish();
  std::string version = good, plain = good;
  version[5] = 9;
  plain[67] = 0;
  EXPECT_EQ(to_pprof("", {}).error().message, "no JFR recording");
  EXPECT_EQ(to_pprof("{\"json\": 1}", {}).error().message, "no JFR recording");
  EXPECT_EQ(to_pprof(version, {}).error().message, "JFR of another version than 1 or 2");
  EXPECT_EQ(to_pprof(plain, {}).error().message, "JFR without compressed integers");
  EXPECT_EQ(to_pprof(good.substr(0, 60), {}).error().message, "the header of a JFR chunk is cut off");
}

TEST(LabelsSnapshot, RefusesDamage) {
  const std::string good = snapshot_bytes();
  for (std::size_t size = 1; size < good.size(); ++size) (void)LabelsSnapshot::parse(good.substr(0, size));
  EXPECT_EQ(LabelsSnapshot::parse(good.substr(0, good.size() - 1)).error().message,
            "damaged labels snapshot");
  EXPECT_EQ(LabelsSnapshot::parse("\xff\xff").error().message, "damaged labels snapshot");
}

}  // namespace
}  // namespace invar::jfr
