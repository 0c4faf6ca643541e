#include "pprof/delta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "codec/gzip.h"
#include "codec/wire.h"
#include "pprof/delta_state.h"
#include "pprof/testing/random_profile.h"

namespace invar::pprof {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Kind = DeltaResult::Kind;
using Values = std::vector<std::int64_t>;
constexpr std::uint64_t kLimit = 64 << 20;

std::string unpacked(const std::string& body) {
  std::string raw;
  EXPECT_TRUE(codec::Inflater().gunzip(body, kLimit, raw));
  return raw;
}
Profile profile_of(const DeltaResult& result) {
  Result<Profile> profile = parse(unpacked(result.body));
  EXPECT_TRUE(profile) << profile.error().message;
  return profile ? *profile : Profile{};
}

// A stack in names: what identifies it, whatever ids and string indexes a profile uses.
using StackKey = std::vector<std::string>;
std::map<StackKey, Values> by_stack(const Profile& profile) {
  std::map<std::uint64_t, const Location*> locations;
  std::map<std::uint64_t, const Function*> functions;
  for (const Location& location : profile.locations) locations[location.id] = &location;
  for (const Function& function : profile.functions) functions[function.id] = &function;
  std::map<StackKey, Values> out;
  for (const Sample& sample : profile.samples) {
    StackKey key;
    for (const std::uint64_t id : sample.location_ids) {
      const Location& location = *locations.at(id);
      std::string frame = std::to_string(location.address) + "@" + std::to_string(location.mapping_id);
      for (const Line& line : location.lines) {
        const Function& function = *functions.at(line.function_id);
        frame += "|" + function.name + "|" + function.filename + ":" + std::to_string(line.line);
      }
      key.push_back(frame);
    }
    std::vector<std::string> labels;
    for (const SampleLabel& label : sample.labels) {
      labels.push_back(label.key + "=" + label.str + std::to_string(label.num) + label.num_unit);
    }
    std::sort(labels.begin(), labels.end());
    key.insert(key.end(), labels.begin(), labels.end());
    Values& sum = out[key];
    sum.resize(sample.values.size());
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += sample.values[i];
  }
  return out;
}

// The worked example of the specification: stacks are single letters.
struct Row {
  char stack;
  Values values;
};
Profile heap(const std::vector<Row>& rows, std::int64_t time = 0, std::vector<SampleType> types = {}) {
  Profile profile;
  profile.sample_types = types.empty() ? std::vector<SampleType>{{"alloc_objects", "count"},
                                                                 {"alloc_space", "bytes"},
                                                                 {"inuse_objects", "count"},
                                                                 {"inuse_space", "bytes"}}
                                       : types;
  profile.time_unix_ns = time;
  for (std::uint64_t id = 1; id <= 26; ++id) {
    const std::string name(1, static_cast<char>('A' + id - 1));
    profile.functions.push_back({.id = id, .name = name, .filename = "x.go"});
    profile.locations.push_back(
        {.id = id, .address = 0x1000 * id, .lines = {{.function_id = id, .line = 1}}});
  }
  for (const Row& row : rows) {
    profile.samples.push_back(
        {.location_ids = {static_cast<std::uint64_t>(row.stack - 'A' + 1)}, .values = row.values});
  }
  return profile;
}
std::vector<std::pair<char, Values>> rows_of(const Profile& profile) {
  std::vector<std::pair<char, Values>> rows;
  for (const Sample& sample : profile.samples) {
    for (const Location& location : profile.locations) {
      if (location.id != sample.location_ids[0]) continue;
      for (const Function& function : profile.functions) {
        if (function.id == location.lines[0].function_id) rows.emplace_back(function.name[0], sample.values);
      }
    }
  }
  return rows;
}

class Delta : public ::testing::Test {
 protected:
  // One scrape of a target whose state is kept when it was accepted.
  DeltaResult scrape(const Profile& profile, std::string_view name = "memory") {
    return scrape(serialize(profile), name);
  }
  DeltaResult scrape(const std::string& body, std::string_view name = "memory") {
    Result<DeltaResult> result = engine_.step(body, name, state_, kLimit);
    EXPECT_TRUE(result) << result.error().message;
    if (!result) return {};
    if (result->next) state_ = result->next;
    return *result;
  }
  std::string error(const std::string& body, std::string_view name = "memory") {
    const Result<DeltaResult> result = engine_.step(body, name, state_, kLimit);
    return result ? "" : result.error().message;
  }

  DeltaEngine engine_;
  DeltaStatePtr state_;
};

TEST_F(Delta, WorkedExampleOfTheSpecification) {
  const DeltaResult first =
      scrape(heap({{'A', {10, 100, 4, 40}}, {'B', {7, 70, 0, 0}}, {'D', {5, 50, 5, 50}}}));
  EXPECT_EQ(first.kind, Kind::kBaseline);
  EXPECT_TRUE(first.body.empty());
  EXPECT_EQ(first.summary.samples, 3u);

  const DeltaStatePtr after_first = state_;
  const DeltaResult second = scrape(
      heap({{'A', {15, 150, 4, 40}}, {'B', {7, 70, 0, 0}}, {'C', {1, 8, 1, 8}}, {'C', {2, 16, 0, 0}}}));
  EXPECT_EQ(second.kind, Kind::kDelta);
  EXPECT_TRUE(second.any_positive);
  EXPECT_EQ(second.summary.samples, 2u);
  EXPECT_THAT(rows_of(profile_of(second)),
              ElementsAre(std::pair('A', Values{5, 50, 4, 40}), std::pair('C', Values{3, 24, 1, 8})));

  const DeltaResult back = scrape(heap({{'A', {15, 150, 0, 0}}, {'D', {6, 60, 0, 0}}}));
  EXPECT_THAT(rows_of(profile_of(back)), ElementsAre(std::pair('D', Values{1, 10, 0, 0})))
      << "D was remembered as 5, 50";

  const DeltaResult restarted = scrape(heap({{'A', {2, 20, 2, 20}}}));
  EXPECT_EQ(restarted.kind, Kind::kReset);
  EXPECT_THAT(rows_of(profile_of(restarted)), ElementsAre(std::pair('A', Values{2, 20, 2, 20})));
  const DeltaResult after_restart = scrape(heap({{'A', {3, 30, 0, 0}}, {'D', {6, 60, 0, 0}}}));
  EXPECT_THAT(rows_of(profile_of(after_restart)),
              ElementsAre(std::pair('A', Values{1, 10, 0, 0}), std::pair('D', Values{6, 60, 0, 0})))
      << "what the old process had counted is forgotten";

  state_ = after_first;
  EXPECT_THAT(rows_of(profile_of(scrape(heap({{'A', {15, 150, 4, 40}}})))),
              ElementsAre(std::pair('A', Values{5, 50, 4, 40})))
      << "a state is not changed by the steps made from it";
}

TEST_F(Delta, WhatWasNotAcceptedIsInTheNextDelta) {
  scrape(heap({{'A', {1, 10, 0, 0}}}, 1000));
  const DeltaStatePtr accepted = state_;
  scrape(heap({{'A', {2, 20, 0, 0}}}, 2000));
  state_ = accepted;  // the push failed
  const DeltaResult both = scrape(heap({{'A', {4, 40, 0, 0}}}, 3000));
  EXPECT_THAT(rows_of(profile_of(both)), ElementsAre(std::pair('A', Values{3, 30, 0, 0})));
  EXPECT_EQ(profile_of(both).duration_ns, 2000);
}

TEST_F(Delta, ColumnsByNameOfTheProfile) {
  const std::vector<SampleType> contention = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  const std::vector<SampleType> wrong_unit = {{"contentions", "count"}, {"delay", "seconds"}};
  const std::vector<SampleType> one = {{"alloc_space", "bytes"}};
  const std::vector<SampleType> reversed = {
      {"inuse_space", "bytes"}, {"alloc_space", "bytes"}, {"alloc_objects", "count"}};
  const struct {
    const char* why;
    const char* name;
    std::vector<SampleType> types;
    Values before, after, want;
  } rows[] = {
      {"mutex", "mutex", contention, {3, 30}, {5, 90}, {2, 60}},
      {"block", "block", contention, {3, 30}, {3, 31}, {0, 1}},
      {"unit must match", "block", wrong_unit, {3, 30}, {5, 40}, {2, 40}},
      {"one column", "memory", one, {100}, {350}, {250}},
      {"three columns, other order", "memory", reversed, {1, 10, 100}, {2, 30, 400}, {2, 20, 300}},
      {"large values",
       "mutex",
       contention,
       {1ll << 62, 0x7fffffffffffff00},
       {(1ll << 62) + 1, 0x7fffffffffffff05},
       {1, 5}},
  };
  for (const auto& row : rows) {
    state_ = nullptr;
    EXPECT_EQ(scrape(heap({{'A', row.before}}, 0, row.types), row.name).kind, Kind::kBaseline) << row.why;
    const DeltaResult delta = scrape(heap({{'A', row.after}}, 0, row.types), row.name);
    EXPECT_THAT(rows_of(profile_of(delta)), ElementsAre(std::pair('A', row.want))) << row.why;
  }
}

TEST_F(Delta, ProfileWithoutSuchColumnsPassesUntouched) {
  const Profile other = heap({{'A', {5, 6}}}, 0, {{"samples", "count"}, {"cpu", "nanoseconds"}});
  for (const char* name : {"memory", "mutex", "block", "process_cpu"}) {
    const DeltaResult result = scrape(other, name);
    EXPECT_EQ(result.kind, Kind::kPassThrough) << name;
    EXPECT_TRUE(result.body.empty());
    EXPECT_EQ(result.next, nullptr);
    EXPECT_TRUE(result.any_positive);
    EXPECT_EQ(result.summary.samples, 1u);
  }
  EXPECT_EQ(scrape(heap({{'A', {1, 2, 3, 4}}}), "mutex").kind, Kind::kPassThrough)
      << "alloc columns belong to memory only";
  EXPECT_FALSE(
      scrape(heap({{'A', {0, -6}}}, 0, {{"samples", "count"}, {"cpu", "nanoseconds"}})).any_positive);
  EXPECT_TRUE(has_delta_columns("memory") && has_delta_columns("mutex") && has_delta_columns("block"));
  EXPECT_FALSE(has_delta_columns("process_cpu") || has_delta_columns("godeltaprof_memory") ||
               has_delta_columns(""));
}

TEST_F(Delta, AnyNumberOfColumns) {
  for (const std::size_t extra : {3u, 7u, 40u, 62u}) {
    state_ = nullptr;
    std::vector<SampleType> types = {{"alloc_objects", "count"}, {"alloc_space", "bytes"}};
    for (std::size_t i = 0; i < extra; ++i) types.push_back({"alloc_space", "bytes"});
    Values before, after, want;
    for (std::size_t i = 0; i < types.size(); ++i) {
      before.push_back(static_cast<std::int64_t>(1ull << i % 60));
      after.push_back(before.back() + static_cast<std::int64_t>(i));
      want.push_back(static_cast<std::int64_t>(i));
    }
    scrape(heap({{'A', before}, {'B', before}}, 0, types));
    const DeltaResult delta = scrape(heap({{'C', before}, {'B', after}, {'A', before}}, 0, types));
    EXPECT_THAT(rows_of(profile_of(delta)), ElementsAre(std::pair('C', before), std::pair('B', want)))
        << extra;
  }
  std::vector<SampleType> many(65, {"alloc_space", "bytes"});
  EXPECT_EQ(error(serialize(heap({}, 0, many))), "computing delta: more than 64 cumulative columns");
}

TEST_F(Delta, OtherColumnsThanBeforeAreAnotherProgram) {
  scrape(heap({{'A', {1, 10, 0, 0}}}));
  EXPECT_EQ(scrape(heap({{'A', {5}}}, 0, {{"alloc_space", "bytes"}})).kind, Kind::kBaseline);
}

TEST_F(Delta, TimeAndDuration) {
  Profile first = heap({{'A', {1, 10, 0, 0}}}, 5'000'000'000);
  first.duration_ns = 77;
  Profile second = heap({{'A', {2, 20, 0, 0}}}, 20'000'000'000);
  second.duration_ns = 88;
  scrape(first);
  const DeltaResult delta = scrape(second);
  EXPECT_EQ(profile_of(delta).time_unix_ns, 20'000'000'000);
  EXPECT_EQ(profile_of(delta).duration_ns, 15'000'000'000);
  EXPECT_EQ(delta.summary.duration_ns, 15'000'000'000);
  std::size_t durations = 0;
  codec::wire::Field field;
  const std::string raw = unpacked(delta.body);
  for (codec::wire::Reader reader(raw); reader.next(field);) durations += field.number == 10;
  EXPECT_EQ(durations, 1u) << "the original duration is dropped";

  Profile earlier = heap({{'A', {3, 30, 0, 0}}}, 19'000'000'000);
  earlier.duration_ns = 99;
  const DeltaResult back = scrape(earlier);
  EXPECT_EQ(back.kind, Kind::kDelta) << "counters decide, not the clock";
  EXPECT_TRUE(back.clock_went_back);
  EXPECT_EQ(profile_of(back).duration_ns, 99) << "no span of time can be told";
  EXPECT_THAT(rows_of(profile_of(back)), ElementsAre(std::pair('A', Values{1, 10, 0, 0})));

  Profile timeless = heap({{'A', {4, 40, 0, 0}}});
  timeless.duration_ns = 55;
  EXPECT_EQ(profile_of(scrape(timeless)).duration_ns, 55) << "without a time the duration stays";
  EXPECT_EQ(profile_of(scrape(first)).duration_ns, 77) << "nothing to measure from";
}

TEST_F(Delta, DropsRowsOnlyWhenAllValuesAreZero) {
  scrape(heap({{'A', {1, 10, 1, 10}}, {'B', {1, 10, 0, 0}}}));
  const DeltaResult live = scrape(heap({{'A', {1, 10, 1, 10}}, {'B', {1, 10, 0, 0}}}));
  EXPECT_THAT(rows_of(profile_of(live)), ElementsAre(std::pair('A', Values{0, 0, 1, 10})));
  const DeltaResult nothing = scrape(heap({{'B', {1, 10, 0, 0}}}));
  EXPECT_EQ(nothing.kind, Kind::kDelta);
  EXPECT_FALSE(nothing.any_positive);
  EXPECT_TRUE(profile_of(nothing).samples.empty());
  EXPECT_EQ(profile_of(nothing).locations.size(), 0u);
  EXPECT_FALSE(scrape(heap({{'A', {1, 10, -1, 0}}})).any_positive);
}

TEST_F(Delta, ForgetsStacksThatStayAway) {
  scrape(heap({{'A', {9, 90, 0, 0}}, {'B', {1, 10, 0, 0}}}));
  const std::uint64_t with_both = state_bytes(*state_);
  for (int i = 0; i < 100; ++i) scrape(heap({{'B', {1, 10, 0, 0}}}));
  EXPECT_GE(state_bytes(*state_), with_both) << "still remembered";
  const DeltaStatePtr last_chance = state_;
  EXPECT_THAT(rows_of(profile_of(scrape(heap({{'A', {10, 100, 0, 0}}})))),
              ElementsAre(std::pair('A', Values{1, 10, 0, 0})));
  state_ = last_chance;
  EXPECT_EQ(scrape(heap({{'B', {1, 10, 0, 0}}})).evicted, 1u);
  EXPECT_LT(state_bytes(*state_), with_both);
  EXPECT_THAT(rows_of(profile_of(scrape(heap({{'A', {10, 100, 0, 0}}})))),
              ElementsAre(std::pair('A', Values{10, 100, 0, 0})));
}

TEST_F(Delta, IdentityWithoutAddresses) {
  const auto chain = [](std::int64_t line_a, const char* file_b, std::int64_t value) {
    Profile profile = heap({}, 0, {{"alloc_space", "bytes"}});
    for (Location& location : profile.locations) location.address = 0;
    profile.locations[0].lines[0].line = line_a;
    profile.functions[1].filename = file_b;
    profile.samples = {{.location_ids = {1, 3}, .values = {value}},
                       {.location_ids = {2, 3}, .values = {value + 1}}};
    return profile;
  };
  scrape(chain(7, "b.py", 10));
  EXPECT_THAT(profile_of(scrape(chain(7, "b.py", 15))).samples.size(), 2u)
      << "stacks of one depth are told apart";
  const Profile moved = profile_of(scrape(chain(8, "c.py", 15)));
  ASSERT_EQ(moved.samples.size(), 2u);
  EXPECT_THAT(moved.samples[0].values, ElementsAre(15)) << "another line is another stack";
  EXPECT_THAT(moved.samples[1].values, ElementsAre(16)) << "another file is another stack";
}

TEST_F(Delta, IdentityIsAddressAndMappingNotNames) {
  const auto in_mapping = [](std::uint64_t mapping, const char* name) {
    Profile profile = heap({{'A', {1, 10, 0, 0}}});
    profile.mappings = {{.id = 1, .memory_start = 0x1000, .filename = "/bin/a"},
                        {.id = 2, .memory_start = 0x9000, .filename = "/lib/b"}};
    profile.locations[0].mapping_id = mapping;
    profile.functions[0].name = name;
    return profile;
  };
  scrape(in_mapping(1, "A"));
  EXPECT_TRUE(profile_of(scrape(in_mapping(1, "Another"))).samples.empty());
  EXPECT_EQ(profile_of(scrape(in_mapping(2, "A"))).samples.size(), 1u);
}

TEST_F(Delta, LabelsTellStacksApartInAnyOrder) {
  const auto labelled = [](std::vector<SampleLabel> labels, std::int64_t value) {
    Profile profile = heap({{'A', {value}}}, 0, {{"alloc_space", "bytes"}});
    profile.samples[0].labels = std::move(labels);
    return profile;
  };
  const SampleLabel size{.key = "bytes", .num = 64}, unit{.key = "bytes", .num_unit = "kb", .num = 64},
      text{.key = "user", .str = "me"};
  scrape(labelled({size, text}, 10));
  EXPECT_THAT(rows_of(profile_of(scrape(labelled({text, size}, 12)))),
              ElementsAre(std::pair('A', Values{2})));
  EXPECT_THAT(rows_of(profile_of(scrape(labelled({text, unit}, 12)))),
              ElementsAre(std::pair('A', Values{12})));
  EXPECT_THAT(rows_of(profile_of(scrape(labelled({text}, 13)))), ElementsAre(std::pair('A', Values{13})));
  EXPECT_THAT(rows_of(profile_of(scrape(labelled({}, 14)))), ElementsAre(std::pair('A', Values{14})));
}

TEST_F(Delta, UnknownFieldsStay) {
  Profile profile = heap({{'A', {1, 10, 0, 0}}});
  profile.doc_url = "https://example.org";
  std::string raw = serialize(profile);
  codec::wire::append_field(raw, 77, std::string_view("unknown of the profile"));
  std::string sample;
  codec::wire::append_field(sample, 1, std::uint64_t{2});
  codec::wire::append_field(sample, 99, std::string_view("unknown of the sample"));
  codec::wire::append_field(sample, 2, std::string_view("\x01\x01"));
  codec::wire::append_field(sample, 98, std::uint64_t{5});
  codec::wire::append_field(sample, 2, std::string_view("\x01\x01"));
  codec::wire::append_field(raw, 2, sample);
  scrape(raw);
  std::string grown = raw;
  grown.replace(grown.rfind("\x12\x02\x01\x01"), 4, "\x12\x02\x03\x04");
  const std::string out = unpacked(scrape(grown).body);
  EXPECT_THAT(out, HasSubstr("unknown of the profile"));
  EXPECT_THAT(out, HasSubstr("unknown of the sample"));
  EXPECT_THAT(out, HasSubstr("https://example.org"));
  EXPECT_EQ(rows_of(*parse(out)).size(), 1u);
  EXPECT_EQ(rows_of(*parse(out))[0].second, (Values{0, 0, 3, 4}));
}

TEST_F(Delta, HostileInputIsRefusedByNameAndTheStateStays) {
  scrape(heap({{'A', {1, 10, 0, 0}}}));
  const std::string good = testing::gzipped(serialize(heap({{'A', {2, 20, 0, 0}}})));
  std::string wrong_crc = good;
  wrong_crc[wrong_crc.size() - 5] ^= 1;
  Profile no_location = heap({{'A', {2, 20, 0, 0}}});
  no_location.samples[0].location_ids = {~0ull};
  const struct {
    const char* why;
    std::string body;
    const char* want;
  } rows[] = {
      {"empty", "", "computing delta: no string table"},
      {"truncated", good.substr(0, good.size() - 9), "decompressing profile: truncated gzip"},
      {"wrong CRC", wrong_crc, "decompressing profile: wrong CRC"},
      {"trailing bytes", good + "x", "decompressing profile: bytes behind"},
      {"bomb", testing::gzipped(std::string(kLimit + 1, '\0')), "decompressing profile: larger than"},
      {"location", serialize(no_location), "computing delta: sample 1: invalid location index"},
      {"no column", std::string("\x32\x00", 2), "computing delta: no sample type"},
      {"2 GiB", "\x12\xff\xff\xff\xff\x07", "field longer than its message"},
  };
  for (const auto& row : rows) EXPECT_THAT(error(row.body), HasSubstr(row.want)) << row.why;
  EXPECT_THAT(rows_of(profile_of(scrape(good + testing::gzipped("")))),
              ElementsAre(std::pair('A', Values{1, 10, 0, 0})))
      << "several members are one body";
}

TEST_F(Delta, NegativeValuesAreNumbersLikeOthers) {
  scrape(heap({{'A', {-5, -50, -1, -10}}, {'B', {1, 10, 0, 0}}}));
  EXPECT_THAT(rows_of(profile_of(scrape(heap({{'A', {-3, -20, -2, -20}}, {'B', {1, 10, 0, 0}}})))),
              ElementsAre(std::pair('A', Values{2, 30, 0, 0})))
      << "live memory below zero is noise; the server would drop the whole sample";
  const DeltaResult fell = scrape(heap({{'A', {-4, -20, 0, 0}}, {'B', {1, 10, 0, 0}}}));
  EXPECT_EQ(fell.kind, Kind::kReset);
  EXPECT_TRUE(fell.any_positive);
  const auto lowest = std::numeric_limits<std::int64_t>::min(),
             highest = std::numeric_limits<std::int64_t>::max();
  state_ = nullptr;
  scrape(heap({{'A', {lowest, lowest, 0, 0}}}));
  EXPECT_THAT(rows_of(profile_of(scrape(heap({{'A', {highest, 0, 0, 0}}})))), ElementsAre())
      << "a difference beyond 64 bits counts nothing, and nothing breaks";
}

TEST_F(Delta, SumOfDeltasIsLastMinusFirst) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 24; ++round) {
    const testing::RandomShape shape{
        .stacks = 1 + static_cast<std::uint32_t>(random() % 300),
        .locations = 1 + static_cast<std::uint32_t>(random() % (round == 5 ? 20000 : 400)),
        .functions = 1 + static_cast<std::uint32_t>(random() % 60),
        .depth = 1 + static_cast<std::uint32_t>(random() % (round % 7 == 0 ? 300 : 20)),
        .addresses = round % 3 != 0,
        .ids_in_order = round % 4 != 0,
        .labels = round % 5 != 0};
    Profile whole = testing::random_heap(shape, random());
    state_ = nullptr;
    scrape(whole);
    const auto first = by_stack(whole);
    std::map<StackKey, Values> sums;
    for (int step = 0; step < 5; ++step) {
      whole = testing::next_round(whole, random, 0);
      Profile seen = whole;  // some stacks are missing now and then, never in the last round
      const std::uint64_t salt = random();
      const auto missing = [&](const Sample& sample) {  // the same answer for a stack that is there twice
        std::uint64_t mixed = salt;
        for (const std::uint64_t id : sample.location_ids) mixed = (mixed ^ id) * 0x9e3779b97f4a7c15;
        return (mixed >> 32) % 10 == 0;
      };
      if (step < 4) std::erase_if(seen.samples, missing);
      const DeltaResult delta = scrape(seen);
      ASSERT_NE(delta.kind, Kind::kBaseline);
      ASSERT_NE(delta.kind, Kind::kReset);
      for (const auto& [key, values] : by_stack(profile_of(delta))) {
        Values& sum = sums[key];
        sum.resize(2);
        sum[0] += values[0];
        sum[1] += values[1];
      }
    }
    for (const auto& [key, values] : by_stack(whole)) {
      const auto before = first.find(key);
      const auto sum = sums.find(key);
      for (int column = 0; column < 2; ++column) {
        const std::int64_t grown = values[column] - (before == first.end() ? 0 : before->second[column]);
        ASSERT_EQ(sum == sums.end() ? 0 : sum->second[column], grown)
            << "round " << round << " " << key.front();
      }
    }
  }
}

TEST_F(Delta, StateIsSmallAtRest) {
  for (const char* name : {"prom-heap", "go100k-heap", "go1m-heap", "prom-allocs", "go100k-allocs"}) {
    state_ = nullptr;
    scrape(testing::captured_gzip(std::string(name) + "-2"));
    const DeltaResult delta = scrape(testing::captured_gzip(std::string(name) + "-3"));
    EXPECT_EQ(delta.kind, Kind::kDelta);
    const std::uint32_t stacks = state_->rows();  // with those that the last profile did not contain
    EXPECT_LE(static_cast<double>(state_bytes(*state_)), 14.0 * stacks) << name;
  }
}

TEST_F(Delta, SavedStateGoesOnWhereItStopped) {
  scrape(testing::captured_gzip("prom-heap-1"));
  scrape(testing::captured_gzip("prom-heap-2"));
  const std::string saved = save_state(*state_);
  const Result<DeltaStatePtr> loaded = load_state(saved);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(state_bytes(**loaded), state_bytes(*state_));
  const std::string body = testing::captured_gzip("prom-heap-3");
  const Result<DeltaResult> straight = engine_.step(body, "memory", state_, kLimit);
  DeltaEngine other_process;
  const Result<DeltaResult> resumed = other_process.step(body, "memory", *loaded, kLimit);
  ASSERT_TRUE(straight && resumed);
  EXPECT_EQ(unpacked(straight->body), unpacked(resumed->body));
}

TEST_F(Delta, DamagedStateIsRefused) {
  scrape(heap({{'A', {1, 10, 0, 0}}, {'B', {3, 30, 0, 0}}}));
  scrape(heap({{'A', {1, 10, 0, 0}}}));
  const std::string saved = save_state(*state_);
  ASSERT_TRUE(load_state(saved));
  EXPECT_EQ(load_state("").error().code, ErrorCode::kDataLoss);
  for (std::size_t size = 0; size < saved.size(); ++size)
    EXPECT_FALSE(load_state(saved.substr(0, size))) << size;
  for (std::size_t at = 0; at < saved.size(); ++at) {
    std::string flipped = saved;
    flipped[at] ^= 4;
    EXPECT_FALSE(load_state(flipped)) << at;
  }
  std::string other_version = saved;
  other_version[7] = '2';
  EXPECT_THAT(load_state(other_version).error().message, HasSubstr("version"));
  EXPECT_FALSE(load_state(saved + saved));
}

}  // namespace
}  // namespace invar::pprof
