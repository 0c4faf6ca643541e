#include "pipeline/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <random>
#include <vector>

namespace invar::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LedgerTest : public ::testing::Test {
 protected:
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  std::unique_ptr<metrics::Scope> scope_ = registry_->scope({{"component_id", "pyroscope.write.a"}});
  Ledger ledger_{*scope_, "http://one"};
};

TEST_F(LedgerTest, EveryOutcomeLandsInItsColumnAndReason) {
  std::vector<Ledger::Entry> entries;
  for (int i = 0; i < 6; ++i) entries.push_back(ledger_.take("cpu"));
  EXPECT_EQ(ledger_.total().queued, 6u);
  entries[0].sent();
  entries[1].expired();
  entries[2].refused("too old");
  entries[3].refused("invalid");
  entries[4].dropped("memory full");

  const LedgerRow row = ledger_.rows().at("cpu");
  EXPECT_EQ(row.taken, 6u);
  EXPECT_EQ(row.sent, 1u);
  EXPECT_EQ(row.expired, 1u);
  EXPECT_EQ(row.refused, 2u);
  EXPECT_EQ(row.refused_by_reason.at("too old"), 1u);
  EXPECT_EQ(row.refused_by_reason.at("invalid"), 1u);
  EXPECT_EQ(row.dropped_by_reason.at("memory full"), 1u);
  EXPECT_EQ(row.queued, 1u);
  EXPECT_TRUE(row.balances());
  EXPECT_FALSE(entries[0].open());
  EXPECT_TRUE(entries[5].open());
}

TEST_F(LedgerTest, WhatIsLeftOnDiskStaysQueued) {
  ledger_.take("cpu").left_on_disk();
  EXPECT_EQ(ledger_.total().queued, 1u);
  EXPECT_TRUE(ledger_.total().balances());
}

TEST_F(LedgerTest, RecoveredCountsAsTakenAgain) {
  Ledger::Entry entry = ledger_.recover("memory");
  EXPECT_EQ(ledger_.total().taken, 1u);
  EXPECT_EQ(ledger_.total().recovered, 1u);
  entry.sent();
  EXPECT_TRUE(ledger_.total().balances());
}

TEST_F(LedgerTest, AnEntryThatIsForgottenIsCountedAndLogged) {
  std::vector<std::string> lines;
  auto sink = log::Sink::create([&](std::string_view line) { lines.emplace_back(line); },
                                [] { return UnixNanos{0}; });
  sink->configure({});
  Ledger ledger(*scope_, "http://two", log::Logger(sink));
  {
    const Ledger::Entry forgotten = ledger.take("cpu");
  }
  Ledger::Entry overwritten = ledger.take("cpu");
  overwritten = ledger.take("cpu");
  overwritten.sent();
  EXPECT_EQ(ledger.total().dropped_by_reason["lost"], 2u);
  EXPECT_TRUE(ledger.total().balances());
  ASSERT_EQ(lines.size(), 1u);  // the overwritten one is counted
  EXPECT_THAT(lines[0], HasSubstr("http://two"));
}

TEST_F(LedgerTest, AMovedEntryIsClosedOnce) {
  Ledger::Entry first = ledger_.take("cpu");
  Ledger::Entry second = std::move(first);
  EXPECT_FALSE(first.open());  // NOLINT(bugprone-use-after-move)
  second.sent();
  EXPECT_EQ(ledger_.total().sent, 1u);
  EXPECT_EQ(ledger_.total().dropped, 0u);
}

TEST_F(LedgerTest, EntriesOutliveTheLedger) {
  std::optional<Ledger> ledger(std::in_place, *scope_, "http://gone");
  Ledger::Entry entry = ledger->take("cpu");
  ledger.reset();
  EXPECT_THAT(registry_->collect(), HasSubstr("http://gone"));
  entry.sent();
  EXPECT_THAT(registry_->collect(), Not(HasSubstr("http://gone")));
}

TEST_F(LedgerTest, MetricsShowEveryColumnWithItsLabels) {
  Ledger::Entry waiting = ledger_.take("cpu");
  ledger_.take("cpu").sent();
  ledger_.take("cpu").refused("too old");
  ledger_.take("cpu").dropped("memory full");
  ledger_.take("cpu").expired();
  ledger_.recover("memory").sent();

  const std::string text = registry_->collect();
  const std::string labels = R"({component_id="pyroscope.write.a",destination="http://one",profile="cpu"})";
  EXPECT_THAT(text, HasSubstr("pyroscope_ledger_taken_total" + labels + " 5\n"));
  EXPECT_THAT(text, HasSubstr("pyroscope_ledger_sent_total" + labels + " 1\n"));
  EXPECT_THAT(text, HasSubstr("pyroscope_ledger_queued" + labels + " 1\n"));
  EXPECT_THAT(text, HasSubstr("pyroscope_ledger_expired_total" + labels + " 1\n"));
  EXPECT_THAT(text, HasSubstr(R"(profile="cpu",reason="too old"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(profile="cpu",reason="memory full"} 1)"));
  EXPECT_THAT(text, HasSubstr("pyroscope_ledger_recovered_total{component_id=\"pyroscope.write.a\","
                              "destination=\"http://one\",profile=\"memory\"} 1\n"));
  waiting.sent();
}

TEST_F(LedgerTest, NamesFromOutsideCannotGrowItWithoutBound) {
  for (int i = 0; i < 5000; ++i) ledger_.take("hostile_" + std::to_string(i)).sent();
  EXPECT_LE(ledger_.rows().size(), Ledger::kMaxTypes + 1);
  EXPECT_EQ(ledger_.total().sent, 5000u);
  EXPECT_EQ(ledger_.rows().at("other").sent, 5000u - Ledger::kMaxTypes);
}

TEST_F(LedgerTest, BalancesAfterAnySequence) {
  std::mt19937 random(7);
  std::vector<Ledger::Entry> open;
  for (int step = 0; step < 20000; ++step) {
    if (open.empty() || random() % 2) {
      open.push_back(ledger_.take(random() % 2 ? "cpu" : "memory"));
    } else {
      const std::size_t at = random() % open.size();
      switch (random() % 5) {
        case 0:
          open[at].sent();
          break;
        case 1:
          open[at].expired();
          break;
        case 2:
          open[at].refused("a");
          break;
        case 3:
          open[at].dropped("b");
          break;
        default:
          break;  // destroyed open: lost
      }
      open[at] = std::move(open.back());
      open.pop_back();
    }
    ASSERT_TRUE(ledger_.total().balances());
    ASSERT_EQ(ledger_.total().queued, open.size());
  }
}

}  // namespace
}  // namespace invar::pipeline
