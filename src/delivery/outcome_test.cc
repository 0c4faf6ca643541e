#include "delivery/outcome.h"

#include <gtest/gtest.h>

#include <optional>

namespace invar::delivery {
namespace {

class OutcomeTest : public ::testing::Test {
 protected:
  // Two receipts of one journey, as for a component with two endpoints.
  void begin() {
    const auto journey =
        std::make_shared<Journey>([this](const pipeline::Answer& answer) { kept_.push_back(answer); },
                                  [this](const Outcome& outcome) { ended_.push_back(outcome); });
    one_ = Receipt(ledger_.take("cpu"), journey);
    two_ = Receipt(ledger_.take("cpu"), journey);
  }
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  std::unique_ptr<metrics::Scope> scope_ = registry_->scope({});
  pipeline::Ledger ledger_{*scope_, "http://one"};
  std::vector<pipeline::Answer> kept_;
  std::vector<Outcome> ended_;
  Receipt one_, two_;
};

TEST_F(OutcomeTest, IsToldWhenTheLastEndpointIsDone) {
  begin();
  one_.kept();
  EXPECT_TRUE(two_.awaited());
  EXPECT_TRUE(kept_.empty());
  two_.kept();
  ASSERT_EQ(kept_.size(), 1u);
  EXPECT_TRUE(kept_[0].accepted());
  EXPECT_FALSE(two_.awaited());
  one_.end({});
  EXPECT_TRUE(ended_.empty());
  two_.end({});
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].end, End::kSent);
  EXPECT_EQ(ended_[0].error(), "");
  EXPECT_EQ(kept_.size(), 1u);
  EXPECT_EQ(ledger_.total().sent, 2u);
}

TEST_F(OutcomeTest, HasWordsForPeople) {
  EXPECT_EQ((Outcome{}).in_words(), "sent");
  EXPECT_EQ((Outcome{End::kRefused, std::string(kEmptyProfile)}).in_words(), "refused: empty profile");
  EXPECT_EQ((Outcome{End::kRefused, "status 400", "bad labels"}).in_words(),
            "refused: status 400: bad labels");
  EXPECT_EQ((Outcome{End::kExpired, "too old"}).in_words(), "expired");
  EXPECT_EQ((Outcome{End::kDropped, "stopped", "stopped"}).in_words(), "dropped: stopped");
  EXPECT_EQ((Outcome{End::kLeft}).in_words(), "left on disk");
}

TEST_F(OutcomeTest, WhoAsksHearsOfTheEndAtOneEndpoint) {
  std::vector<std::string> ends;
  Receipt receipt(ledger_.take("cpu"), nullptr,
                  [&](const Outcome& outcome) { ends.push_back(outcome.in_words()); });
  receipt.kept();
  EXPECT_TRUE(ends.empty());
  receipt.end({End::kExpired});
  EXPECT_EQ(ends, std::vector<std::string>{"expired"});
}

TEST_F(OutcomeTest, JoinsWhatWentWrongAndTakesTheFirstEnd) {
  begin();
  one_.end(
      {End::kRefused, "invalid", "bad labels", "failed to push to endpoint http://one (0 retries)", true});
  two_.end({End::kDropped, "memory full", "the queue is full"});
  ASSERT_EQ(ended_.size(), 1u);
  EXPECT_EQ(ended_[0].end, End::kRefused);
  EXPECT_EQ(ended_[0].error(),
            "failed to push to endpoint http://one (0 retries): bad labels\nthe queue is full");
  ASSERT_EQ(kept_.size(), 1u);
  EXPECT_EQ(kept_[0].reason, "memory full: the queue is full");
  EXPECT_EQ(ledger_.total().refused_by_reason.at("invalid"), 1u);
  EXPECT_EQ(ledger_.total().dropped_by_reason.at("memory full"), 1u);
}

TEST_F(OutcomeTest, WhatWasKeptIsNotTakenBackByItsEnd) {
  begin();
  one_.kept();
  two_.kept();
  one_.end({End::kExpired, "expired", "too old"});
  two_.end({End::kLeft, "stopped"});
  EXPECT_EQ(kept_.size(), 1u);
  EXPECT_EQ(ended_.at(0).end, End::kExpired);
  EXPECT_EQ(ledger_.total().expired, 1u);
  EXPECT_EQ(ledger_.total().queued, 1u);  // left: the next process takes it again
  EXPECT_TRUE(ledger_.total().balances());
}

}  // namespace
}  // namespace invar::delivery
