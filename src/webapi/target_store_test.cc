#include "webapi/target_store.h"

#include <gtest/gtest.h>

#include "async/testing/test_loop.h"

namespace invar::webapi {
namespace {

using namespace std::chrono_literals;
using component::TargetRow;
using component::TargetState;

class ManyTargets final : public component::Component, public component::ScrapedTargets {
 public:
  void start() override {}
  Result<> update(const component::Boxed&) override { return {}; }
  void stop(async::Task done) override { done(); }
  ScrapedTargets* scraped_targets() override { return &*this; }

  [[nodiscard]] std::size_t count() const override { return 1200; }
  [[nodiscard]] Totals totals() const override { return {}; }
  std::size_t rows(std::size_t from, std::size_t most, std::vector<TargetRow>& out) const override {
    ++turns;
    for (std::size_t i = 0; i < most && from < count(); ++i, ++from)
      out.push_back({.id = std::to_string(from)});
    return from == count() ? 0 : from;
  }
  [[nodiscard]] std::optional<component::TargetDetail> detail(std::string_view) const override { return {}; }
  Asked scrape_now(std::string_view) override { return Asked::kUnknown; }

  mutable int turns = 0;
};

class Rules final : public component::Component {
 public:
  void start() override {}
  Result<> update(const component::Boxed&) override { return {}; }
  void stop(async::Task done) override { done(); }
  [[nodiscard]] std::optional<component::Relabeling> relabeling() const override { return value; }
  component::Relabeling value = {{component::Target(component::Target::Map{{"a", "x"}}),
                                  component::Target(component::Target::Map{{"a", "y"}})},
                                 {{.action = relabel::Action::kDrop, .source_labels = {"a"}, .regex = "y"}}};
};

class Directory final : public component::ComponentDirectory {
 public:
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::vector<component::ComponentView> list(std::string_view) const override {
    std::vector<component::ComponentView> out(2);
    out[0].local_id = "pyroscope.scrape.s";
    out[1].local_id = "discovery.relabel.r";
    return out;
  }
  [[nodiscard]] std::optional<component::ComponentView> details(std::string_view) const override {
    return {};
  }
  [[nodiscard]] std::vector<std::string> unhealthy_component_names() const override { return {}; }
  [[nodiscard]] std::optional<component::RunningComponent> running(std::string_view id) const override {
    component::RunningComponent out;
    out.component = id == "pyroscope.scrape.s" ? static_cast<component::Component*>(&targets) : &rules;
    return out;
  }
  mutable ManyTargets targets;
  mutable Rules rules;
};

class Store : public ::testing::Test {
 protected:
  CollectedPtr collect() {
    CollectedPtr out;
    store_.with([&](const CollectedPtr& collected) { out = collected; });
    loop_.run_until_idle();
    return out;
  }
  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  Directory directory_;
  TargetStore store_{loop_, pool_, directory_};
};

TEST_F(Store, GoesInShortTurnsAndFindsAll) {
  const auto collected = collect();
  ASSERT_TRUE(collected);
  EXPECT_EQ(collected->rows.size(), 1201u);
  EXPECT_EQ(directory_.targets.turns, 3);
  const auto& left_out = collected->rows.back();
  EXPECT_EQ(left_out.target.state, TargetState::kLeftOut);
  EXPECT_EQ(left_out.target.text, "left out by rule 1 (drop) of discovery.relabel.r");
  EXPECT_EQ(collected->components[left_out.component], "discovery.relabel.r");
}

TEST_F(Store, WhoAsksMeanwhileOrSoonAfterSharesIt) {
  CollectedPtr first, second;
  store_.with([&](const CollectedPtr& collected) { first = collected; });
  store_.with([&](const CollectedPtr& collected) { second = collected; });
  loop_.run_until_idle();
  EXPECT_EQ(first, second);
  EXPECT_EQ(collect(), first);
  EXPECT_EQ(directory_.targets.turns, 3);
  loop_.advance(1s);
  EXPECT_NE(collect(), first);
  store_.forget();
  directory_.targets.turns = 0;
  collect();
  EXPECT_EQ(directory_.targets.turns, 3);
}

TEST_F(Store, OtherRulesAreSeen) {
  collect();
  directory_.rules.value.rules[0].regex = "x|y";
  loop_.advance(1s);
  EXPECT_EQ(collect()->rows.size(), 1202u);
}

}  // namespace
}  // namespace invar::webapi
