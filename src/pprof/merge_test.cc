#include "pprof/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "pprof/retime.h"
#include "pprof/testing/random_profile.h"
#include "pprof/top.h"
#include "pprof/tree.h"

namespace invar::pprof {
namespace {

using testing::captured_gzip;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::next_round;
using testing::random_heap;

// A stack in words: labels, then its frames with all that is known about them, and values. Addresses are those in
// the mapping.
std::map<std::string, std::vector<std::int64_t>> rows(const Profile& p) {
  std::map<std::uint64_t, const Location*> locations;
  std::map<std::uint64_t, const Function*> functions;
  std::map<std::uint64_t, const Mapping*> mappings;
  for (const auto& l : p.locations) locations[l.id] = &l;
  for (const auto& f : p.functions) functions[f.id] = &f;
  for (const auto& m : p.mappings) mappings[m.id] = &m;
  std::map<std::string, std::vector<std::int64_t>> out;
  for (const Sample& sample : p.samples) {
    if (std::ranges::all_of(sample.values, [](auto v) { return v == 0; })) continue;
    std::vector<std::string> labels;
    for (const auto& l : sample.labels)
      labels.push_back(l.key + "=" + l.str + std::to_string(l.num) + l.num_unit);
    std::ranges::sort(labels);
    std::string text;
    for (const auto& label : labels) text += label + ",";
    for (const std::uint64_t id : sample.location_ids) {
      const Location& l = *locations[id];
      const Mapping* m = mappings.contains(l.mapping_id) ? mappings[l.mapping_id] : nullptr;
      text += "\n" + std::to_string(l.address - (m ? m->memory_start : 0)) +
              (m ? m->filename + m->build_id : "") + (l.is_folded ? "folded" : "");
      for (const Line& line : l.lines) {
        const Function& f = *functions[line.function_id];
        text += " " + f.name + f.system_name + f.filename + std::to_string(f.start_line) + ":" +
                std::to_string(line.line) + ":" + std::to_string(line.column);
      }
    }
    auto& values = out[text];
    values.resize(sample.values.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += sample.values[i];
  }
  return out;
}

Profile merged(const Merger& merger) {
  auto parsed = parse(merger.merged().serialize());
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::move(*parsed);
}

// Adds up the rows of profiles one by one, the slow way.
std::map<std::string, std::vector<std::int64_t>> summed(const std::vector<Profile>& profiles) {
  std::map<std::string, std::vector<std::int64_t>> out;
  for (const Profile& p : profiles) {
    for (const auto& [key, values] : rows(p)) {
      auto& sum = out[key];
      sum.resize(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i];
    }
  }
  std::erase_if(
      out, [](const auto& row) { return std::ranges::all_of(row.second, [](auto v) { return v == 0; }); });
  return out;
}

TEST(Merge, AddsUpStacksOfAnyProfiles) {
  std::mt19937_64 random(7);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Profile> profiles{random_heap(
        {.stacks = 60, .addresses = seed % 3 != 0, .ids_in_order = seed % 2 == 0, .labels = seed % 5 != 0},
        seed)};
    for (int i = 0; i < 4; ++i) profiles.push_back(next_round(profiles.back(), random, 0.3));
    Merger merger;
    for (std::uint32_t i = 0; i < profiles.size(); ++i) ASSERT_TRUE(merger.add(serialize(profiles[i]), i));
    EXPECT_EQ(rows(merged(merger)), summed(profiles)) << seed;
  }
}

TEST(Merge, GivesTheSameBytesHoweverItWasDivided) {
  std::vector<std::string> bodies;
  for (const char* name : {"prom-heap-1", "go100k-heap-2", "prom-heap-3", "prom-heap-2", "go100k-heap-1"}) {
    bodies.push_back(captured_gzip(name));
  }
  Merger whole;
  for (std::uint32_t i = 0; i < bodies.size(); ++i) ASSERT_TRUE(whole.add(bodies[i], i));
  for (unsigned division = 0; division < 1u << bodies.size(); division += 5) {
    Merger first, second;
    for (std::uint32_t i = 0; i < bodies.size(); ++i) {
      ASSERT_TRUE((division >> i & 1 ? second : first).add(bodies[i], i));
    }
    MergedProfile joined = std::move(first).take();
    ASSERT_TRUE(joined.absorb(second.merged()));
    EXPECT_EQ(joined.serialize(), whole.merged().serialize()) << division;
  }
}

TEST(Merge, HeaderIsThatOfAll) {
  Profile a{.sample_types = {{"cpu", "nanoseconds"}},
            .samples = {{.values = {1}}},
            .time_unix_ns = 200,
            .duration_ns = 5,
            .period_type = {"cpu", "nanoseconds"},
            .period = 10,
            .comments = {"one", "two"},
            .drop_frames = "a.*",
            .doc_url = "u"};
  Profile b = a;
  b.time_unix_ns = 100, b.duration_ns = 6, b.period = 20, b.comments = {"two", "three"};
  b.default_sample_type = "cpu", b.drop_frames = "b.*";
  Merger merger;
  ASSERT_TRUE(merger.add(serialize(a), 0));
  ASSERT_TRUE(merger.add(serialize(b), 1));
  const Profile both = merged(merger);
  EXPECT_EQ(both.time_unix_ns, 100);
  EXPECT_EQ(both.duration_ns, 11);
  EXPECT_EQ(both.period, 20);
  EXPECT_EQ(both.period_type, a.period_type);
  EXPECT_THAT(both.comments, ElementsAre("one", "two", "three"));
  EXPECT_EQ(both.default_sample_type, "cpu");
  EXPECT_EQ(both.drop_frames, "a.*");
  EXPECT_EQ(both.doc_url, "u");
}

// The kernel puts a program elsewhere at each start.
TEST(Merge, MeetsAProgramAtAnotherAddress) {
  const auto at = [](std::uint64_t start) {
    return Profile{.sample_types = {{"x", "count"}},
                   .samples = {{.location_ids = {1}, .values = {1}}},
                   .mappings = {{.id = 1,
                                 .memory_start = start,
                                 .memory_limit = start + 0x5000,
                                 .filename = "/bin/app",
                                 .build_id = "abc"}},
                   .locations = {{.id = 1, .mapping_id = 1, .address = start + 0x123}}};
  };
  Merger merger;
  ASSERT_TRUE(merger.add(serialize(at(0x400000)), 0));
  ASSERT_TRUE(merger.add(serialize(at(0x7f0000)), 1));
  const Profile both = merged(merger);
  ASSERT_EQ(both.samples.size(), 1u);
  EXPECT_EQ(both.samples[0].values[0], 2);
  ASSERT_EQ(both.mappings.size(), 1u);
  EXPECT_EQ(both.locations[0].address, 0x400123u);
}

TEST(Merge, RefusesWithoutATrace) {
  Merger merger;
  ASSERT_TRUE(merger.add(captured_gzip("prom-heap-1"), 0));
  const std::string before = merger.merged().serialize();
  const auto code = [&](const std::string& body) { return merger.add(body, 1).error().code; };
  EXPECT_EQ(code(captured_gzip("prom-cpu-1")), ErrorCode::kUnsupported);
  EXPECT_EQ(code("\x1f\x8bnothing"), ErrorCode::kDataLoss);
  std::string damaged = testing::captured_raw("prom-heap-2");
  EXPECT_EQ(code(damaged.substr(0, damaged.size() / 2)), ErrorCode::kInvalidArgument);
  Profile bad = random_heap({}, 1);
  bad.samples.back().location_ids = {99999};
  EXPECT_EQ(code(serialize(bad)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(merger.merged().serialize(), before);
  EXPECT_EQ(Merger({.limit_bytes = 10}).add(captured_gzip("prom-heap-1"), 0).error().code,
            ErrorCode::kResourceExhausted);
}

TEST(Merge, KeepsOneSampleTypeOfDifferentProfiles) {
  Merger merger({.sample_type = "b:bytes"});
  ASSERT_TRUE(merger.add(
      serialize({.sample_types = {{"a", "count"}, {"b", "bytes"}}, .samples = {{.values = {1, 2}}}}), 0));
  ASSERT_TRUE(merger.add(serialize({.sample_types = {{"b", "bytes"}}, .samples = {{.values = {3}}}}), 1));
  EXPECT_EQ(
      merger.add(serialize({.sample_types = {{"b", "count"}}, .samples = {{.values = {3}}}}), 2).error().code,
      ErrorCode::kNotFound);
  const Profile both = merged(merger);
  ASSERT_EQ(both.samples.size(), 1u);
  EXPECT_THAT(both.samples[0].values, ElementsAre(5));
}

TEST(Merge, SidesAreKeptApartAndSubtracted) {
  const Profile first = random_heap({.stacks = 50}, 3);
  std::mt19937_64 random(3);
  const Profile second = next_round(first, random, 0.2);
  Merger merger({}, 2);
  ASSERT_TRUE(merger.add(serialize(first), 0, 0));
  ASSERT_TRUE(merger.add(serialize(second), 1, 1));
  Profile negative = first;
  for (Sample& sample : negative.samples) {
    for (auto& value : sample.values) value = -value;
  }
  EXPECT_EQ(rows(merged(merger)), summed({negative, second}));

  MergedProfile profile = std::move(merger).take();
  const std::int64_t before = profile.total(0, 1);
  profile.normalize(1, 0);
  EXPECT_NEAR(static_cast<double>(profile.total(1, 1)), static_cast<double>(before), 50);
}

TEST(WithTime, ChangesNothingElse) {
  const std::string raw = testing::captured_raw("prom-heap-1");
  const auto later = with_time(raw, 12345);
  ASSERT_TRUE(later);
  EXPECT_EQ(inspect(*later)->time_unix_ns, 12345);
  auto before = parse(raw), after = parse(*later);
  ASSERT_TRUE(before && after);
  after->time_unix_ns = before->time_unix_ns;
  EXPECT_EQ(serialize(*after), serialize(*before));
  EXPECT_EQ(with_time(*with_time(*later, 1), 12345), *later);  // no second time is left
  EXPECT_FALSE(with_time("\x0a\xff", 1));
}

TEST(Top, CountsAFrameOncePerStack) {
  const Profile p{
      .sample_types = {{"x", "count"}},
      .samples = {{.location_ids = {1, 2, 1, 3}, .values = {5}}, {.location_ids = {3}, .values = {7}}},
      .locations = {{.id = 1, .lines = {{.function_id = 1, .line = 4}}},
                    {.id = 2, .lines = {{.function_id = 2, .line = 5}, {.function_id = 1, .line = 9}}},
                    {.id = 3, .lines = {{.function_id = 3, .line = 6}}}},
      .functions = {
          {.id = 1, .name = "f", .filename = "f.c"}, {.id = 2, .name = "g"}, {.id = 3, .name = "h"}}};
  Merger merger;
  ASSERT_TRUE(merger.add(serialize(p), 0));
  const auto table = [&](FrameDetail detail, StackFilter filter = {}) {
    std::string text;
    const TopTable top = build_top(merger.merged(), detail, filter);
    for (std::uint32_t i = 1; i < top.frames.size(); ++i) {
      text += top.frames[i].name + ":" + std::to_string(top.frames[i].line) + " " +
              std::to_string(top.self(i, 0)) + "/" + std::to_string(top.total(i, 0)) + " ";
    }
    return text;
  };
  EXPECT_EQ(table(FrameDetail::kFunctions), "f:0 5/5 g:0 0/5 h:0 7/12 ");
  EXPECT_EQ(table(FrameDetail::kLines), "f:4 5/5 g:5 0/5 f:9 0/5 h:6 7/12 ");
  const auto named = [](std::string name) {
    return [name](const FlameFrame& frame) { return frame.name == name; };
  };
  EXPECT_EQ(table(FrameDetail::kFunctions, {.focus = named("g"), .ignore = {}}), "f:0 5/5 g:0 0/5 h:0 0/5 ");
  EXPECT_EQ(table(FrameDetail::kFunctions, {.focus = {}, .ignore = named("f")}), "f:0 0/0 g:0 0/0 h:0 7/7 ");
}

TEST(Top, NamesWhatHasNoFunctionByItsMapping) {
  const Profile p{
      .sample_types = {{"x", "count"}},
      .samples = {{.location_ids = {1}, .values = {5}},
                  {.location_ids = {2}, .values = {7}},
                  {.location_ids = {3}, .values = {1}}},
      .mappings = {{.id = 1, .memory_start = 0x1000, .memory_limit = 0x9000, .filename = "/lib/libc.so.6"}},
      .locations = {{.id = 1, .mapping_id = 1, .address = 0x1100},
                    {.id = 2, .mapping_id = 1, .address = 0x1200},
                    {.id = 3, .address = 0x10}}};
  Merger merger;
  ASSERT_TRUE(merger.add(serialize(p), 0));
  const TopTable functions = build_top(merger.merged());
  ASSERT_EQ(functions.frames.size(), 3u);
  EXPECT_EQ(functions.frames[1].name, "[libc.so.6]");
  EXPECT_EQ(functions.self(1, 0), 12);
  EXPECT_EQ(functions.frames[2].name, "<unknown>");
  EXPECT_EQ(build_top(merger.merged(), FrameDetail::kLines).frames[1].name, "[libc.so.6] 0x1100");
}

TEST(Tree, TotalsAddUpAndChildrenLieTogether) {
  Merger merger({}, 2);
  ASSERT_TRUE(merger.add(captured_gzip("prom-heap-1"), 0, 0));
  ASSERT_TRUE(merger.add(captured_gzip("prom-heap-2"), 1, 1));
  const FlameTree tree = build_tree(merger.merged());
  ASSERT_EQ(tree.width(), 8u);
  std::uint32_t next = 1;
  for (std::uint32_t node = 0; node < tree.nodes.size(); ++node) {
    const FlameNode& n = tree.nodes[node];
    EXPECT_EQ(n.first_child, next);
    next += n.children;
    for (std::uint32_t side = 0; side < 2; ++side) {
      std::int64_t sum = tree.self(node, 1, side);
      for (std::uint32_t child = n.first_child; child < n.first_child + n.children; ++child) {
        EXPECT_EQ(tree.nodes[child].parent, node);
        sum += tree.total(child, 1, side);
        if (child > n.first_child) {
          EXPECT_LT(tree.frames[tree.nodes[child - 1].frame].name, tree.frames[tree.nodes[child].frame].name);
        }
      }
      EXPECT_EQ(tree.total(node, 1, side), sum);
    }
  }
  EXPECT_EQ(next, tree.nodes.size());
  for (std::uint32_t type = 0; type < 4; ++type) {
    for (std::uint32_t side = 0; side < 2; ++side) {
      EXPECT_EQ(tree.total(0, type, side), merger.merged().total(side, type));
    }
  }
}

TEST(Tree, OfNothingIsARoot) {
  Merger merger;
  ASSERT_TRUE(merger.add(captured_gzip("prom-mutex-1"), 0));
  EXPECT_EQ(build_tree(merger.merged()).nodes.size(), 1u);
}

}  // namespace
}  // namespace invar::pprof
