#include "pprof/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "codec/gzip.h"
#include "codec/wire.h"
#include "pprof/limits.h"
#include "pprof/profile_check.h"

namespace invar::pprof {
namespace {

using codec::wire::append_field;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string capture(const std::string& name) {
  std::ifstream file(INVAR_SOURCE_DIR "/testdata/profiles/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Profile small_profile() {
  Profile profile;
  profile.sample_types = {{"alloc_objects", "count"}, {"alloc_space", "bytes"}};
  profile.functions = {
      {.id = 1, .name = "main", .system_name = "main.main", .filename = "main.go", .start_line = 3},
      {.id = 2, .name = "work", .system_name = "work", .filename = "work.go"}};
  profile.mappings = {{.id = 1,
                       .memory_start = 0x400000,
                       .memory_limit = 0x500000,
                       .filename = "/bin/x",
                       .build_id = "ab",
                       .has_functions = true}};
  profile.locations = {
      {.id = 1, .mapping_id = 1, .address = 0x401000, .lines = {{2, 10, 4}, {1, 5, 0}}},
      {.id = 2, .mapping_id = 1, .address = 0x402000, .lines = {{1, 7, 0}}, .is_folded = true}};
  profile.samples = {
      {.location_ids = {1, 2},
       .values = {3, -96},
       .labels = {{.key = "bytes", .num_unit = "bytes", .num = 32}, {.key = "user", .str = "me"}}},
      {.location_ids = {2}, .values = {0, 0}}};
  profile.time_unix_ns = 1700000000000000000;
  profile.duration_ns = 15000000000;
  profile.period_type = {"space", "bytes"};
  profile.period = 524288;
  profile.comments = {"first", "second"};
  profile.default_sample_type = "alloc_space";
  profile.drop_frames = "runtime.*";
  profile.keep_frames = "main.*";
  profile.doc_url = "https://example.org";
  return profile;
}

TEST(Profile, WritesWhatItReads) {
  const std::string raw = serialize(small_profile());
  const Result<Profile> again = parse(raw);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(serialize(*again), raw);
  ASSERT_EQ(again->samples.size(), 2u);
  EXPECT_THAT(again->samples[0].location_ids, ElementsAre(1, 2));
  EXPECT_THAT(again->samples[0].values, ElementsAre(3, -96));
  EXPECT_EQ(again->samples[0].labels[0].num, 32);
  EXPECT_EQ(again->samples[0].labels[0].num_unit, "bytes");
  EXPECT_EQ(again->samples[0].labels[1].str, "me");
  EXPECT_EQ(again->locations[0].lines[0].column, 4);
  EXPECT_TRUE(again->locations[1].is_folded);
  EXPECT_EQ(again->mappings[0].build_id, "ab");
  EXPECT_TRUE(again->mappings[0].has_functions);
  EXPECT_EQ(again->functions[0].start_line, 3);
  EXPECT_EQ(again->period_type, (SampleType{"space", "bytes"}));
  EXPECT_THAT(again->comments, ElementsAre("first", "second"));
  EXPECT_EQ(again->keep_frames, "main.*");
  EXPECT_EQ(again->doc_url, "https://example.org");
}

TEST(Profile, SummaryTellsWhatOnePassSees) {
  const std::string raw = serialize(small_profile());
  const Result<Summary> summary = inspect(raw);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_THAT(summary->sample_types,
              ElementsAre(SampleType{"alloc_objects", "count"}, SampleType{"alloc_space", "bytes"}));
  EXPECT_EQ(summary->samples, 2u);
  EXPECT_TRUE(summary->any_positive_value);
  EXPECT_EQ(summary->time_unix_ns, 1700000000000000000);
  EXPECT_EQ(summary->duration_ns, 15000000000);
  EXPECT_EQ(summary->raw_bytes, raw.size());

  Profile nothing = small_profile();
  for (Sample& sample : nothing.samples) sample.values = {0, -1};
  EXPECT_FALSE(inspect(serialize(nothing))->any_positive_value)
      << "zero and negative values are not positive";
}

TEST(Profile, CapturedProfilesParse) {
  const struct {
    const char* name;
    std::size_t samples, locations, functions;
  } rows[] = {
      {"go100k-heap-3", 1482, 1061, 635}, {"prom-cpu-1", 4, 32, 31},        {"prom-mutex-1", 0, 0, 0},
      {"go1m-heap-2", 10937, 2355, 1217}, {"prom-goroutine-2", 27, 79, 79},
  };
  for (const auto& row : rows) {
    std::string raw;
    ASSERT_TRUE(codec::Inflater().gunzip(capture(std::string(row.name) + ".pb.gz"), 64 << 20, raw))
        << row.name;
    const Result<Profile> profile = parse(raw);
    ASSERT_TRUE(profile) << row.name << ": " << profile.error().message;
    EXPECT_EQ(profile->samples.size(), row.samples) << row.name;
    EXPECT_EQ(profile->locations.size(), row.locations) << row.name;
    EXPECT_EQ(profile->functions.size(), row.functions) << row.name;
    const Result<Profile> again = parse(serialize(*profile));
    ASSERT_TRUE(again);
    EXPECT_EQ(serialize(*again), serialize(*profile));
  }
}

// A profile from its parts, so that a row below can break one of them.
struct Parts {
  std::string types, samples, mappings, locations, functions, rest;
  std::string strings = std::string("\x32\x00\x32\x01x\x32\x01y", 8);
  std::string all() const { return types + samples + mappings + locations + functions + strings + rest; }
};
std::string field(std::uint32_t number, std::string_view body) {
  std::string out;
  append_field(out, number, body);
  return out;
}
std::string numbers(std::initializer_list<std::pair<std::uint32_t, std::uint64_t>> fields) {
  std::string out;
  for (const auto& [number, value] : fields) append_field(out, number, value);
  return out;
}
Parts good() {
  Parts parts;
  parts.types = field(1, numbers({{1, 1}, {2, 2}}));
  parts.samples = field(2, numbers({{1, 1}, {2, 5}}) + field(3, numbers({{1, 1}, {3, 7}})));
  parts.mappings = field(3, numbers({{1, 1}, {5, 1}}));
  parts.locations = field(4, numbers({{1, 1}, {2, 1}, {3, 4096}}) + field(4, numbers({{1, 1}, {2, 3}})));
  parts.functions = field(5, numbers({{1, 1}, {2, 1}, {4, 2}}));
  return parts;
}
template <class F>
std::string with(F change) {
  Parts parts = good();
  change(parts);
  return parts.all();
}

TEST(Profile, RefusesWithFieldAndPlace) {
  const std::string huge = std::string("\xff\xff\xff\xff\x07", 5);
  const struct {
    const char* why;
    std::string raw;
    const char* want;
  } rows[] = {
      {"nothing at all", "", "no string table"},
      {"no string table", with([](Parts& p) { p.strings.clear(); }), "no string table"},
      {"string 0 not empty", with([](Parts& p) { p.strings = field(6, "a") + p.strings; }),
       "string 0 is not empty"},
      {"no sample type", with([](Parts& p) {
         p.types.clear();
         p.samples.clear();
       }),
       "no sample type"},
      {"type string", with([](Parts& p) { p.types = field(1, numbers({{1, 3}})); }),
       "sample type 1: invalid string index 3"},
      {"period type string", with([](Parts& p) { p.rest = field(11, numbers({{2, 99}})); }),
       "period type 1: invalid string index 99"},
      {"negative string index", with([](Parts& p) { p.rest = numbers({{14, ~0ull}}); }),
       "default_sample_type 1: invalid string index -1"},
      {"comment string", with([](Parts& p) { p.rest = field(13, "\x01\x09"); }),
       "comment 2: invalid string index 9"},
      {"mapping string", with([](Parts& p) { p.mappings = field(3, numbers({{1, 1}, {6, 4}})); }),
       "mapping 1: invalid string index 4"},
      {"mapping id 0", with([](Parts& p) { p.mappings = field(3, numbers({{2, 1}})); }),
       "mapping 1: id is 0 or used twice"},
      {"function string", with([](Parts& p) { p.functions = field(5, numbers({{1, 1}, {3, 4}})); }),
       "function 1: invalid string index 4"},
      {"function twice", with([](Parts& p) { p.functions += p.functions; }),
       "function 2: id is 0 or used twice"},
      {"location twice", with([](Parts& p) { p.locations += p.locations; }),
       "location 2: id is 0 or used twice"},
      {"location id 0", with([](Parts& p) { p.locations += field(4, numbers({{3, 1}})); }),
       "location 2: id is 0 or used twice"},
      {"line of no function",
       with([](Parts& p) { p.locations = field(4, numbers({{1, 1}}) + field(4, numbers({{1, 2}}))); }),
       "location 1: invalid function id 2"},
      {"sample of no location", with([](Parts& p) { p.samples = field(2, numbers({{1, 2}, {2, 5}})); }),
       "sample 1: invalid location index 2"},
      {"location 0", with([](Parts& p) { p.samples = field(2, numbers({{1, 0}, {2, 5}})); }),
       "sample 1: invalid location index 0"},
      {"no value", with([](Parts& p) { p.samples += field(2, numbers({{1, 1}})); }),
       "sample 2: number of values is 0, number of sample types 1"},
      {"two values", with([](Parts& p) { p.samples = field(2, field(2, "\x01\x02")); }),
       "number of values is 2"},
      {"label string",
       with([](Parts& p) { p.samples = field(2, numbers({{2, 5}}) + field(3, numbers({{1, 3}}))); }),
       "label of sample 1: invalid string index 3"},
      {"sample as a number", with([](Parts& p) { p.rest = numbers({{2, 5}}); }), "field 2 has wire type 0"},
      {"address as bytes", with([](Parts& p) { p.locations = field(4, numbers({{1, 1}}) + field(3, "x")); }),
       "location 1: field 3 has wire type 2"},
      {"time as bytes", with([](Parts& p) { p.rest = field(9, "x"); }),
       "field 9 of the profile has wire type 2"},
      {"packed ids cut", with([](Parts& p) { p.samples = field(2, numbers({{2, 5}}) + field(1, "\x81")); }),
       "sample 1: truncated varint"},
      {"length of 2 GiB", with([&](Parts& p) { p.rest = "\x12" + huge; }), "field longer than its message"},
      {"varint of 11 bytes", with([](Parts& p) { p.rest = "\x48" + std::string(10, '\xff') + "\x01"; }),
       "more than 64 bits"},
      {"varint over 64 bits", with([](Parts& p) { p.rest = "\x48" + std::string(9, '\xff') + "\x02"; }),
       "more than 64 bits"},
      {"group", with([](Parts& p) { p.rest = "\x83\x01"; }), "illegal wire type"},
      {"field number 0", with([](Parts& p) { p.rest = std::string("\x00\x01", 2); }), "illegal field number"},
      {"cut in the middle", good().all().substr(0, 20), "field longer than its message"},
  };
  EXPECT_TRUE(inspect(good().all())) << inspect(good().all()).error().message;
  for (const auto& row : rows) {
    const Result<Summary> summary = inspect(row.raw);
    ASSERT_FALSE(summary) << row.why;
    EXPECT_EQ(summary.error().code, ErrorCode::kInvalidArgument) << row.why;
    EXPECT_THAT(summary.error().message, HasSubstr(row.want)) << row.why;
    EXPECT_FALSE(parse(row.raw)) << row.why;
  }
}

TEST(Profile, AcceptsWhatProducersWrite) {
  const struct {
    const char* why;
    std::string raw;
  } rows[] = {
      {"unknown fields of every wire type", with([](Parts& p) {
         p.rest = numbers({{99, 1}}) + field(100, "x") +
                  "\xa1\x06"
                  "12345678" +
                  "\xa5\x06"
                  "1234";
       })},
      {"huge, unsorted ids", with([](Parts& p) {
         p.locations = field(4, numbers({{1, ~0ull}})) + field(4, numbers({{1, 7}}));
         p.samples = field(2, numbers({{1, 7}, {1, ~0ull}, {2, 5}}));
       })},
      {"locations no sample uses",
       with([](Parts& p) { p.locations += field(4, numbers({{1, 2}, {3, 1}})); })},
      {"mapping id without a mapping", with([](Parts& p) { p.mappings.clear(); })},
      {"strings first", good().strings + with([](Parts& p) { p.strings.clear(); })},
      {"negative value", with([](Parts& p) { p.samples = field(2, numbers({{1, 1}, {2, ~0ull}})); })},
      {"no sample", with([](Parts& p) { p.samples.clear(); })},
      {"40 columns of no sample", with([](Parts& p) {
         p.samples.clear();
         for (int i = 0; i < 39; ++i) p.types += field(1, numbers({{1, 1}}));
       })},
  };
  for (const auto& row : rows) {
    const Result<Summary> summary = inspect(row.raw);
    EXPECT_TRUE(summary) << row.why << ": " << summary.error().message;
  }
}

TEST(ValidateBody, SaysInWordsWhatIsNoProfile) {
  std::string scratch, bomb;
  codec::Deflater().gzip(std::string(1 << 20, '\0'), bomb);
  const std::string raw = good().all();
  std::string packed;
  codec::Deflater().gzip(raw, packed);
  const struct {
    const char* why;
    std::string body;
    const char* type;
    const char* want;  // "" = valid
  } rows[] = {
      {"gzip", packed, "application/octet-stream", ""},
      {"plain", raw, "application/octet-stream", ""},
      {"no content type", packed, "", ""},
      {"another content type", packed, "application/x-protobuf", ""},
      {"empty", "", "application/octet-stream", "empty profile"},
      {"text type", packed, "text/plain; charset=utf-8",
       "unexpected Content-Type text/plain; charset=utf-8, expected application/octet-stream for pprof data"},
      {"html type", packed, "Text/HTML", "unexpected Content-Type Text/HTML"},
      {"json type", packed, "application/json", "unexpected Content-Type application/json"},
      {"html body", "<!DOCTYPE html><html>", "",
       "text response instead of pprof: \"<!DOCTYPE html><html>\" (server should return HTTP error, not "
       "200)"},
      {"html without doctype", " \n<html><body>", "", "text response instead of pprof: \" \\n<html><body>\""},
      {"json body", "  {\"status\": \"success\", \"x\": 1}", "",
       "text response instead of pprof: \"  {\\\"status\\\""},
      {"json list", "[{\"status\": \"success\"}]", "", "text response instead of pprof"},
      {"two bytes", "ab", "", "data too short for pprof format"},
      {"no protobuf",
       "\x0f"
       "abcdef",
       "", "invalid protobuf data: illegal wireType 7 (expected 0-5), first bytes: 0f616263646566"},
      {"garbage", "plain words, no markup", "", "wire type"},
      {"gzip of nothing", "\x1f\x8b\x08", "", "truncated gzip header"},
      {"bomb", bomb, "", "larger than 10000 bytes after decompression"},
      {"too large", std::string(10001, 'x'), "", "larger than 10000 bytes"},
  };
  for (const auto& row : rows) {
    const Result<Summary> summary = validate_body(row.body, row.type, 10000, scratch);
    if (*row.want == '\0') {
      EXPECT_TRUE(summary) << row.why << ": " << summary.error().message;
      EXPECT_EQ(scratch, raw) << row.why;
    } else {
      ASSERT_FALSE(summary) << row.why;
      EXPECT_THAT(summary.error().message, HasSubstr(row.want)) << row.why;
    }
  }
}

TEST(ProfileCheck, GivesLargeScratchBackAfterARefusalToo) {
  std::string raw;
  for (std::uint32_t i = 0; i <= kMaxRecords; ++i) raw.append("\x32\0", 2);  // strings without an end
  const std::size_t size = raw.size();
  raw.append(kPadding, '\0');
  ProfileCheck check;
  EXPECT_FALSE(check.run(std::string_view(raw).substr(0, size)));
  EXPECT_LE(check.held_bytes(), kKeptScratchBytes);
}

}  // namespace
}  // namespace invar::pprof
