#include "delivery/outcome.h"

#include <fmt/format.h>

#include <utility>

namespace invar::delivery {

pipeline::Answer Outcome::answer() const {
  if (end == End::kSent) return {};
  return {pipeline::Outcome::kRefused, cause.empty() ? reason : fmt::format("{}: {}", reason, cause),
          permanent};
}

std::string Outcome::in_words() const {
  if (end == End::kSent) return "sent";
  if (end == End::kExpired) return "expired";
  if (end == End::kLeft) return "left on disk";
  const std::string_view word = end == End::kRefused ? "refused" : "dropped";
  return cause.empty() || cause == reason ? fmt::format("{}: {}", word, reason)
                                          : fmt::format("{}: {}: {}", word, reason, cause);
}

Journey::~Journey() {
  if (kept_) kept_(answer_);
  if (!ended_) return;
  outcome_.context = {};
  outcome_.cause = std::move(errors_);
  ended_(outcome_);
}

void Journey::answered(const pipeline::Answer& answer) {
  if (!answer.accepted()) answer_ = answer;
  if (--unanswered_ == 0 && kept_) std::exchange(kept_, {})(answer_);
}

void Journey::add(const Outcome& outcome) {
  if (outcome_.end == End::kSent) outcome_ = outcome;
  const std::string error = outcome.error();
  if (!error.empty() && !errors_.empty()) errors_ += '\n';
  errors_ += error;
}

Receipt::Receipt(pipeline::Ledger::Entry entry, std::shared_ptr<Journey> journey, Journey::Ended ended)
    : entry_(std::move(entry)), journey_(std::move(journey)), ended_(std::move(ended)) {
  if (journey_) ++journey_->unanswered_;
}

void Receipt::answer(const pipeline::Answer& answer) {
  if (!std::exchange(answered_, true) && journey_) journey_->answered(answer);
}

void Receipt::kept() {
  answer({});
}

void Receipt::end(const Outcome& outcome) {
  answer(outcome.answer());
  switch (outcome.end) {
    case End::kSent:
      entry_.sent();
      break;
    case End::kRefused:
      entry_.refused(outcome.reason);
      break;
    case End::kExpired:
      entry_.expired();
      break;
    case End::kDropped:
      entry_.dropped(outcome.reason);
      break;
    case End::kLeft:
      entry_.left_on_disk();
      break;
  }
  if (ended_) std::exchange(ended_, {})(outcome);
  if (journey_) journey_->add(outcome);
  journey_ = nullptr;
}

}  // namespace invar::delivery
