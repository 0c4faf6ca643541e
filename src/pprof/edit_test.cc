#include "pprof/edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pprof/profile.h"
#include "pprof/testing/random_profile.h"

namespace invar::pprof {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Profile labelled(const std::vector<std::vector<SampleLabel>>& labels) {
  Profile profile;
  profile.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}};
  profile.functions = {{.id = 1, .name = "main"}};
  profile.locations = {{.id = 1, .lines = {{.function_id = 1}}}};
  for (const auto& set : labels)
    profile.samples.push_back({.location_ids = {1}, .values = {1, 10}, .labels = set});
  return profile;
}

Edited edited(const Profile& profile, const EditPlan& plan) {
  const std::string raw = serialize(profile);
  auto result = edit(raw, plan);
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  if (result && result->changed && !result->nothing_left) {
    EXPECT_TRUE(inspect(result->raw));
  }
  return std::move(*result);
}

// What the same plan means, said with the slow reader and writer.
Profile expected(Profile profile, const EditPlan& plan) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  const auto keeps = [&](const std::string& type) {
    return (plan.keep_sample_types.empty() || has(plan.keep_sample_types, type)) &&
           !has(plan.drop_sample_types, type);
  };
  std::vector<SampleType> types;
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < profile.sample_types.size(); ++i) {
    if (!keeps(profile.sample_types[i].type)) continue;
    types.push_back(profile.sample_types[i]);
    columns.push_back(i);
  }
  const bool dropping = types.size() < profile.sample_types.size();
  std::vector<Sample> samples;
  for (Sample sample : profile.samples) {
    std::vector<std::int64_t> values;
    for (const std::size_t column : columns) values.push_back(sample.values[column]);
    if (dropping && std::ranges::all_of(values, [](auto v) { return v == 0; })) continue;
    sample.values = values;
    std::erase_if(sample.labels,
                  [&](const SampleLabel& label) { return has(plan.remove_labels, label.key); });
    samples.push_back(std::move(sample));
  }
  profile.samples = std::move(samples);
  profile.sample_types = std::move(types);
  if (dropping && !keeps(profile.default_sample_type)) profile.default_sample_type.clear();
  return profile;
}

TEST(Edit, DoesWhatThePlanSaysToRandomAndCapturedProfiles) {
  std::vector<Profile> profiles;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    profiles.push_back(testing::random_heap({.stacks = 60}, seed));
    profiles.back().default_sample_type = seed % 2 ? "inuse_space" : "alloc_space";
  }
  profiles.push_back(*parse(testing::captured_raw("go100k-heap-1")));
  const EditPlan plans[] = {
      {.keep_sample_types = {"inuse_space"}},
      {.drop_sample_types = {"alloc_objects", "alloc_space"}},
      {.keep_sample_types = {"inuse_space", "alloc_space"}, .drop_sample_types = {"alloc_space"}},
      {.remove_labels = {"user"}},
      {.drop_sample_types = {"inuse_objects"}, .remove_labels = {"bytes", "user"}}};
  for (const Profile& profile : profiles)
    for (const EditPlan& plan : plans) {
      const Edited result = edited(profile, plan);
      const auto back = result.changed ? parse(result.raw) : profile;
      ASSERT_TRUE(back);
      EXPECT_EQ(serialize(*back), serialize(expected(profile, plan)));
    }
}

TEST(Edit, WithoutAnythingToDoTheInputStands) {
  const Profile profile = labelled({{{.key = "thread", .str = "main"}}});
  EXPECT_FALSE(edited(profile, {.drop_sample_types = {"wall"}, .remove_labels = {"user"}}).changed);
  EXPECT_FALSE(edited(profile, {.keep_sample_types = {"cpu", "samples"}}).changed);
  EXPECT_FALSE(edited(profile, {.promote_labels = {"thread"}}).changed);
}

TEST(Edit, PromotesWhatEverySampleCarriesOnceWithOneValue) {
  const SampleLabel a{.key = "thread", .str = "main"}, b{.key = "thread", .str = "worker"};
  const SampleLabel number{.key = "pid", .num_unit = "id", .num = 42};
  const EditPlan plan{.promote_labels = {"pid", "thread", "absent"}};
  EXPECT_THAT(edited(labelled({{a, number}, {number, a}}), plan).promoted,
              ElementsAre(Pair("pid", "42"), Pair("thread", "main")));
  EXPECT_THAT(edited(labelled({{a}, {b}}), plan).promoted, IsEmpty());
  EXPECT_THAT(edited(labelled({{a}, {}}), plan).promoted, IsEmpty());
  EXPECT_THAT(edited(labelled({{}, {a}}), plan).promoted, IsEmpty());
  EXPECT_THAT(edited(labelled({{a, a}}), plan).promoted, IsEmpty());
  EXPECT_THAT(edited(labelled({}), plan).promoted, IsEmpty());
}

TEST(Edit, APromotedLabelMayBeRemovedAsWell) {
  const Edited result = edited(labelled({{{.key = "thread", .str = "main"}}}),
                               {.promote_labels = {"thread"}, .remove_labels = {"thread"}});
  EXPECT_THAT(result.promoted, ElementsAre(Pair("thread", "main")));
  EXPECT_THAT(parse(result.raw)->samples[0].labels, IsEmpty());
}

TEST(Edit, SaysWhenNothingIsLeft) {
  EXPECT_TRUE(edited(labelled({{}}), {.keep_sample_types = {"inuse_space"}}).nothing_left);
  Profile profile = labelled({{}});
  profile.samples[0].values = {1, 0};
  EXPECT_TRUE(edited(profile, {.drop_sample_types = {"samples"}}).nothing_left);
  EXPECT_FALSE(edited(profile, {.drop_sample_types = {"cpu"}}).nothing_left);
}

TEST(Edit, DamagedProfilesAreAnError) {
  const std::string raw = serialize(labelled({{}}));
  EXPECT_FALSE(edit(raw.substr(0, raw.size() - 1), {.drop_sample_types = {"cpu"}}));
  Profile profile = labelled({{}});
  profile.samples[0].values = {1};
  EXPECT_FALSE(edit(serialize(profile), {.drop_sample_types = {"cpu"}}));
}

}  // namespace
}  // namespace invar::pprof
