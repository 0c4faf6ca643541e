#include "archive_tool/pushed.h"

#include <gmock/gmock.h>

#include "codec/gzip.h"
#include "pprof/profile.h"

namespace invar::archive_tool {
namespace {

using ::testing::HasSubstr;

archive::Meta meta(const std::string& query, const std::string& type = "") {
  archive::Meta out;
  out.kind = archive::Kind::kIngest;
  out.ingest_query = query;
  if (!type.empty()) out.ingest_content_types = {type};
  return out;
}

// "name: samples/count,cpu/nanoseconds; main;read 12,120000000"; the error otherwise.
std::string read(const archive::Meta& meta, std::string_view body) {
  const auto pushed = pushed_profile(meta, body);
  if (!pushed) return pushed.error().message;
  const auto profile = pprof::parse(pushed->body);
  if (!profile) return profile.error().message;
  std::string out = pushed->name + ":";
  for (const auto& type : profile->sample_types) out += " " + type.type + "/" + type.unit;
  for (const auto& sample : profile->samples) {
    out += "; ";
    for (auto id = sample.location_ids.rbegin(); id != sample.location_ids.rend(); ++id)
      out += (id == sample.location_ids.rbegin() ? "" : ">") +
             profile->functions[profile->locations[*id - 1].lines[0].function_id - 1].name;
    for (const auto value : sample.values) out += " " + std::to_string(value);
  }
  return out;
}

std::string packed(std::string_view text) {
  std::string out;
  codec::Deflater().gzip(text, out);
  return out;
}

std::string pprof_of(const std::string& type, std::int64_t value) {
  pprof::Profile profile;
  profile.sample_types = {{type, "count"}};
  profile.functions = {{.id = 1, .name = "f", .system_name = "f"}};
  profile.locations = {{.id = 1, .lines = {{.function_id = 1}}}};
  profile.samples = {{.location_ids = {1}, .values = {value}}};
  return pprof::serialize(profile);
}

std::string form(const std::vector<std::pair<std::string, std::string>>& parts) {
  std::string out;
  for (const auto& [name, body] : parts)
    out += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"x\"\r\n\r\n" + body +
           "\r\n";
  return out + "--b--\r\n";
}
constexpr const char* kForm = "multipart/form-data; boundary=b";

TEST(Pushed, TheFormatIsThatOfTheQueryOrElseOfTheBody) {
  EXPECT_EQ(ingest_format(meta("name=a&format=jfr")), IngestFormat::kJfr);
  EXPECT_EQ(ingest_format(meta("format=pprof")), IngestFormat::kPprof);
  EXPECT_EQ(ingest_format(meta("name=a", kForm)), IngestFormat::kPprof);
  EXPECT_EQ(ingest_format(meta("format=lines")), IngestFormat::kLines);
  for (const char* query : {"", "format=folded", "format=groups"})
    EXPECT_EQ(ingest_format(meta(query)), IngestFormat::kFolded) << query;
  for (const char* query : {"format=trie", "format=tree", "format=speedscope"})
    EXPECT_EQ(ingest_format(meta(query)), IngestFormat::kOther) << query;
  EXPECT_EQ(ingest_format(meta("", "binary/octet-stream+trie")), IngestFormat::kOther);
  EXPECT_EQ(ingest_format({}), IngestFormat::kOther);  // no /ingest at all
}

TEST(Pushed, FoldedStacksAreSamplesOfTheCpu) {
  const auto folded = meta("format=folded&sampleRate=50");
  const char* const wanted =
      "process_cpu: samples/count cpu/nanoseconds; main>a b 2 40000000; main 1 20000000";
  EXPECT_EQ(read(folded, "main;a b 2\n\nmain 1\n"), wanted);
  EXPECT_EQ(read(folded, packed("main;a b 2\r\nmain 1")), wanted);
  EXPECT_EQ(read(meta("format=lines"), "main;a\nmain\n"),
            "process_cpu: samples/count cpu/nanoseconds; main>a 1 10000000; main 1 10000000");
}

TEST(Pushed, UnitsSayWhatTheNumbersAre) {
  EXPECT_EQ(read(meta("units=bytes"), "f 5"), "memory: space/bytes; f 5");
  EXPECT_EQ(read(meta("units=objects"), "f 5"), "memory: objects/count; f 5");
  EXPECT_EQ(read(meta("units=lock_nanoseconds"), "f 5"), "mutex: delay/nanoseconds; f 5");
  EXPECT_EQ(read(meta("units=lock_samples"), "f 5"), "mutex: contentions/count; f 5");
  EXPECT_EQ(read(meta("units=goroutines"), "f 5"), "goroutine: goroutines/count; f 5");
  EXPECT_EQ(read(meta("units=sheep"), "f 5"), "other: sheep/count; f 5");
}

TEST(Pushed, WhatIsNoStackIsNamedByItsLine) {
  EXPECT_EQ(read(meta(""), "f 5\ng\n"), "line 2 does not end in a number");
  EXPECT_EQ(read(meta(""), "f -5\n"), "line 1 does not end in a number");
}

TEST(Pushed, PprofStandsInAFormOrAlone) {
  const std::string profile = pprof_of("inuse_objects", 7);
  const char* const wanted = "memory: inuse_objects/count; f 7";
  EXPECT_EQ(read(meta("format=pprof"), packed(profile)), wanted);
  EXPECT_EQ(read(meta("format=pprof", kForm), form({{"profile", profile}})), wanted);
  EXPECT_EQ(read(meta("", kForm), form({{"sample_type_config", "{}"}, {"profile", packed(profile)}})),
            wanted);
  EXPECT_THAT(read(meta("", kForm), form({{"x", profile}})), HasSubstr("without a part \"profile\""));
  EXPECT_NE(read(meta("format=pprof"), "no profile"), "");
}

TEST(Pushed, OfCountersThatRiseWhatCameSinceTheProfileBefore) {
  EXPECT_EQ(read(meta("", kForm), form({{"prev_profile", packed(pprof_of("alloc_objects", 5))},
                                        {"profile", packed(pprof_of("alloc_objects", 7))}})),
            "memory: alloc_objects/count; f 2");
}

}  // namespace
}  // namespace invar::archive_tool
