// The contract that every component keeps, whatever it does. Runs over the registry: a new component needs no code here.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/commands.h"
#include "app/testing/example_run.h"
#include "component/view.h"

namespace invar::app {
namespace {

using component::Registration;
using syntax::Field;
using syntax::Schema;

class Contract : public ::testing::TestWithParam<const Registration*> {
 protected:
  const Registration& registration() const { return *GetParam(); }
};

std::vector<const Registration*> all() {
  std::vector<const Registration*> out;
  for (const auto& r : components().all()) out.push_back(&r);
  return out;
}

std::string test_name(const ::testing::TestParamInfo<const Registration*>& info) {
  std::string name = info.param->name;
  std::ranges::replace(name, '.', '_');
  return name;
}

void expect_documented(const Schema& schema, const std::string& where) {
  for (const Field& field : schema.fields()) {
    EXPECT_FALSE(field.doc.empty()) << where << "." << field.name << " has no documentation";
    EXPECT_TRUE(field.doc.ends_with('.'))
        << where << "." << field.name << ": \"" << field.doc << "\" is not a sentence";
    if (field.kind == Field::Kind::kBlock) expect_documented(*field.block, where + "." + field.name);
  }
}

TEST_P(Contract, EveryArgumentIsDocumented) {
  expect_documented(*registration().arguments, registration().name);
  if (registration().exports != nullptr) expect_documented(*registration().exports, registration().name);
  EXPECT_FALSE(registration().summary.empty());
  EXPECT_FALSE(registration().example.empty());
}

void expect_round_trip(const Schema& schema, const std::string& where) {
  const auto defaults = schema.make();
  const auto copy = schema.make();
  for (const Field& field : schema.fields()) {
    if (field.kind == Field::Kind::kBlock) {
      expect_round_trip(*field.block, where + "." + field.name);
      continue;
    }
    if (field.default_text.empty()) continue;  // unset: shown nowhere, so never read back
    const auto error = field.decode(copy.get(), field.encode(defaults.get()));
    EXPECT_FALSE(error) << where << "." << field.name << ": " << (error ? error->message : "");
  }
  EXPECT_TRUE(schema.equal(defaults.get(), copy.get()))
      << where << ": a default changes by being written out and read back";
  EXPECT_TRUE(schema.equal(defaults.get(), schema.clone(defaults.get()).get())) << where;
}

syntax::Diagnostics mistakes_in(const std::string& name, const std::string& text) {
  const auto blocks = config_blocks();
  return runtime::validate({{name, text}}, {.components = &components(), .blocks = &blocks});
}

TEST_P(Contract, DefaultsRoundTrip) {
  expect_round_trip(*registration().arguments, registration().name);
}

TEST_P(Contract, AnUnknownAttributeIsALocatedDiagnostic) {
  const auto source = fmt::format("{} \"x\" {{\n\tno_such_thing = 1\n}}\n", registration().name);
  const auto diagnostics = mistakes_in("c.alloy", source);
  EXPECT_NE(
      diagnostics.render(false).find("Error: c.alloy:2:2: unrecognized attribute name \"no_such_thing\""),
      std::string::npos)
      << diagnostics.render(false);
}

TEST_P(Contract, TheExampleIsValid) {
  const auto diagnostics = mistakes_in("example.alloy", registration().example);
  EXPECT_TRUE(diagnostics.empty()) << diagnostics.render(false);
}

TEST_P(Contract, TheExampleRunsReloadsAndStopsPromptly) {
  testing::ExampleRun run(components());
  const auto loaded = run.load(registration().example);
  ASSERT_TRUE(loaded.diagnostics.empty()) << loaded.diagnostics.render(false);
  run.controller->start();
  run.loop.advance(std::chrono::seconds(20));

  // The same file again: nothing changes, nobody minds.
  const auto again = run.load(registration().example);
  EXPECT_TRUE(again.diagnostics.empty()) << again.diagnostics.render(false);
  run.loop.advance(std::chrono::seconds(20));
  for (const auto& view : run.controller->list("")) {
    EXPECT_NE(view.health.state, component::HealthState::kExited) << view.local_id;
    ASSERT_TRUE(run.controller->details(view.local_id));
  }

  EXPECT_TRUE(run.stop(std::chrono::seconds(2))) << "stop takes longer than two seconds";
  run.controller.reset();
  EXPECT_EQ(run.metrics->collect().find("component_id="), std::string::npos)
      << "metrics outlive their component";
}

INSTANTIATE_TEST_SUITE_P(Components, Contract, ::testing::ValuesIn(all()), test_name);

}  // namespace
}  // namespace invar::app
