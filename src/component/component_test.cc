#include "component/component.h"

#include <gtest/gtest.h>

namespace invar::component {
namespace {

TEST(Health, TheMostSeverePartWins) {
  using enum HealthState;
  const struct {
    const char* why;
    std::vector<Health> parts;
    std::string_view want;
  } rows[] = {
      {"nothing known", {}, ""},
      {"unknown is worse than healthy", {{kHealthy, "a", 9}, {kUnknown, "b", 1}}, "b"},
      {"unhealthy is worse than unknown", {{kUnhealthy, "a", 1}, {kUnknown, "b", 2}}, "a"},
      {"exited is the worst", {{kUnhealthy, "a", 9}, {kExited, "b", 1}, {kHealthy, "c", 10}}, "b"},
      {"a tie goes to the most recent", {{kHealthy, "a", 1}, {kHealthy, "b", 2}}, "b"},
      {"a further tie goes to the first", {{kHealthy, "a", 1}, {kHealthy, "b", 1}}, "a"},
  };
  for (const auto& row : rows) EXPECT_EQ(combine(row.parts).message, row.want) << row.why;
}

TEST(Registry, KeepsItsComponentsSorted) {
  Registry registry;
  for (const char* name : {"pyroscope.write", "discovery.http", "pyroscope.scrape"}) {
    Registration registration;
    registration.name = name;
    registry.add(std::move(registration));
  }
  ASSERT_EQ(registry.all().size(), 3U);
  EXPECT_EQ(registry.all()[0].name, "discovery.http");
  EXPECT_EQ(registry.all()[2].name, "pyroscope.write");
  ASSERT_NE(registry.find("pyroscope.scrape"), nullptr);
  EXPECT_EQ(registry.find("pyroscope"), nullptr);
  EXPECT_EQ(registry.find("pyroscope.scraper"), nullptr);
}

TEST(RegistryDeathTest, RefusesNamesThatOverlap) {
  const auto add = [](const char* first, const char* second) {
    Registry registry;
    for (const char* name : {first, second}) {
      Registration registration;
      registration.name = name;
      registry.add(std::move(registration));
    }
  };
  EXPECT_DEATH(add("a.b", "a.b"), "overlap");
  EXPECT_DEATH(add("a.b", "a.b.c"), "overlap");
  EXPECT_DEATH(add("a.b.c", "a.b"), "overlap");
  add("a.b", "a.bc");
}

}  // namespace
}  // namespace invar::component
