#include "services/ledger_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "syntax/json.h"

namespace invar::services {
namespace {

using ::testing::HasSubstr;

class OneWriter : public component::ComponentDirectory {
 public:
  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::vector<component::ComponentView> list(std::string_view) const override {
    component::ComponentView view;
    view.local_id = "pyroscope.write.w";
    if (!rows.empty()) view.ledgers.push_back({"http://<one>", rows});
    return {view};
  }
  [[nodiscard]] std::optional<component::ComponentView> details(std::string_view) const override {
    return {};
  }
  [[nodiscard]] std::vector<std::string> unhealthy_component_names() const override { return {}; }
  std::map<std::string, pipeline::LedgerRow, std::less<>> rows;
};

struct Ledgers : ::testing::Test {
  async::testing::TestLoop loop;
  OneWriter components;
  LedgerWatch watch{loop, components};
};

TEST_F(Ledgers, TheJsonTellsWhereEveryProfileIs) {
  pipeline::LedgerRow& row = components.rows["cpu"];
  row = {.taken = 10, .sent = 4, .queued = 1, .refused = 3, .expired = 1, .dropped = 1, .recovered = 2};
  row.refused_by_reason = {{"invalid", 1}, {"too \"large\"", 2}};
  row.dropped_by_reason = {{"memory full", 1}};
  const std::string json = ledger_json(components, watch);
  EXPECT_EQ(
      json,
      R"([{"componentID":"pyroscope.write.w","destination":"http://<one>","profile":"cpu","taken":10,"sent":4,)"
      R"("queued":1,"refused":3,"expired":1,"dropped":1,"recovered":2,)"
      R"("refusedByReason":{"invalid":1,"too \"large\"":2},"droppedByReason":{"memory full":1},)"
      R"("takenPerSecond":0.000,"sentPerSecond":0.000}])");
  EXPECT_TRUE(syntax::parse_json(json));
}

TEST_F(Ledgers, RatesAreThoseOfTheLastMinute) {
  for (int second = 0; second < 300; ++second) {
    components.rows["cpu"].taken += second < 200 ? 100 : 2;
    components.rows["cpu"].sent += 1;
    loop.advance(std::chrono::seconds(1));
  }
  EXPECT_THAT(ledger_json(components, watch), HasSubstr(R"("takenPerSecond":2.000,"sentPerSecond":1.000)"));
  components.rows["cpu"] = {};  // made anew by a reload
  EXPECT_THAT(ledger_json(components, watch), HasSubstr(R"("takenPerSecond":0.000)"));
}

TEST_F(Ledgers, TheTableIsSafeAndThereOnlyWhenThereIsALedger) {
  EXPECT_EQ(ledger_table(components, watch), "");
  components.rows["cpu"].refused_by_reason = {{"<invalid>", 1}};
  const std::string table = ledger_table(components, watch);
  EXPECT_THAT(table, HasSubstr("http://&lt;one&gt;"));
  EXPECT_THAT(table, HasSubstr("(&lt;invalid&gt; 1)"));
}

}  // namespace
}  // namespace invar::services
