#include "runtime/health.h"

#include <gtest/gtest.h>
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using component::Health;
using component::HealthState;
using std::chrono::seconds;
using testing::Rig;

std::string text(const Health& health) {
  return std::string(component::to_string(health.state)) + ": " + health.message + " @" +
         std::to_string(health.updated_unix_ns);
}

TEST(HealthParts, TheWorstPartIsShownAndOfEqualsTheLatest) {
  HealthParts parts(1);
  EXPECT_EQ(text(parts.combined({})), "unknown: component created @1");
  parts.evaluated(2);
  EXPECT_EQ(text(parts.combined({})), "unknown: component created @1");
  parts.started(3);
  EXPECT_EQ(text(parts.combined({})), "healthy: started component @3");
  parts.evaluated(4);
  EXPECT_EQ(text(parts.combined({})), "healthy: component evaluated @4");
  EXPECT_EQ(text(parts.combined(Health{HealthState::kHealthy, "own words", 5})), "healthy: own words @5");
  EXPECT_EQ(text(parts.combined(Health{HealthState::kHealthy, "own words", 2})),
            "healthy: component evaluated @4");
  EXPECT_EQ(text(parts.combined(Health{HealthState::kUnhealthy, "own trouble", 2})),
            "unhealthy: own trouble @2");
  parts.evaluation_failed("updating component: no", 6);
  EXPECT_EQ(text(parts.combined({})), "unhealthy: component evaluation failed: updating component: no @6");
  parts.stopped(std::nullopt, 7);
  EXPECT_EQ(text(parts.combined({})), "exited: component shut down cleanly @7");
  parts.stopped(Error{ErrorCode::kTimeout, "too late"}, 8);
  EXPECT_EQ(text(parts.combined({})), "exited: component shut down with error: too late @8");
}

TEST(Health, FollowsTheLifeOfAComponent) {
  Rig rig;
  rig.load("toy.sum \"a\" { }");
  EXPECT_EQ(rig.health("toy.sum.a"), "unknown: component created");
  rig.loop.advance(seconds(1));
  rig.controller->start();
  EXPECT_EQ(rig.health("toy.sum.a"), "healthy: started component");
  rig.loop.advance(seconds(1));
  rig.reload("toy.sum \"a\" { value = 1 }");
  EXPECT_EQ(rig.health("toy.sum.a"), "healthy: component evaluated");
}

TEST(Health, OnlyExactlyUnhealthyComponentsAreNamed) {
  Rig rig;
  rig.run("toy.sum \"a\" { }\ntoy.sum \"b\" { }\n");
  EXPECT_TRUE(rig.controller->unhealthy_component_names().empty());
  rig.toys.own_health["toy.sum.a"] = {HealthState::kUnhealthy, "own trouble", rig.loop.unix_ns()};
  rig.toys.own_health["toy.sum.b"] = {HealthState::kExited, "gone", rig.loop.unix_ns()};
  EXPECT_EQ(rig.health("toy.sum.a"), "unhealthy: own trouble");
  EXPECT_EQ(rig.controller->unhealthy_component_names(), std::vector<std::string>{"toy.sum"});
  EXPECT_TRUE(
      rig.metric_line("invar_component_controller_running_components{controller_id=\"\",controller_path="
                      "\"/\",health_type=\"exited\"} 1"));
}

TEST(Health, ADependantOfAnUnhealthyComponentIsNotAffected) {
  Rig rig;
  rig.run("toy.sum \"a\" { }\ntoy.sum \"b\" { inputs = [toy.sum.a.sum] }\n");
  rig.reload("toy.sum \"a\" { fail = \"update\" }\ntoy.sum \"b\" { inputs = [toy.sum.a.sum] }\n");
  EXPECT_EQ(rig.health("toy.sum.b").substr(0, 8), "healthy:");
}

}  // namespace
}  // namespace invar::runtime
