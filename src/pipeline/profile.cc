#include "pipeline/profile.h"

#include <optional>

namespace invar::pipeline {

std::string_view Profile::type() const {
  const std::string_view name = labels.get(kMetricName);
  return name.empty() ? std::string_view("unknown") : name;
}

namespace {

void join(Answer& all, const Answer& one) {
  all.partly = all.partly || one.held();
  if (one.accepted()) return;
  all.permanent = one.permanent && (all.accepted() || all.permanent);
  all.outcome = Outcome::kRefused;
  if (!all.reason.empty()) all.reason += "; ";
  all.reason += one.reason.empty() ? std::string("refused") : one.reason;
}

}  // namespace

Answer fan_out(const std::vector<ReceiverPtr>& receivers, const ProfilePtr& profile) {
  Answer all;
  for (const ReceiverPtr& receiver : receivers)
    if (receiver) join(all, receiver->accept(profile));  // a null in forward_to is skipped
  return all;
}

void fan_out_kept(const std::vector<ReceiverPtr>& receivers, const ProfilePtr& profile, Kept kept) {
  struct Waiting {
    std::vector<std::optional<Answer>> answers;  // by receiver: the reasons keep their order
    std::size_t missing;
    Kept kept;
    void answered() {
      if (--missing > 0) return;
      Answer all;
      for (const auto& one : answers)
        if (one) join(all, *one);
      kept(all);
    }
  };
  // One more than receivers: nobody is told before all were asked.
  const auto waiting = std::make_shared<Waiting>(
      Waiting{std::vector<std::optional<Answer>>(receivers.size()), receivers.size() + 1, std::move(kept)});
  for (std::size_t i = 0; i < receivers.size(); ++i) {
    if (receivers[i]) {
      receivers[i]->accept_kept(profile, [waiting, i](const Answer& answer) {
        waiting->answers[i] = answer;
        waiting->answered();
      });
    } else {
      waiting->answered();
    }
  }
  waiting->answered();
}

}  // namespace invar::pipeline
