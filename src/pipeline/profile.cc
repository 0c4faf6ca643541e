#include "pipeline/profile.h"

namespace invar::pipeline {

std::string_view Profile::type() const {
  const std::string_view name = labels.get(kMetricName);
  return name.empty() ? std::string_view("unknown") : name;
}

Answer fan_out(const std::vector<ReceiverPtr>& receivers, const ProfilePtr& profile) {
  Answer all;
  for (const ReceiverPtr& receiver : receivers) {
    if (!receiver) continue;  // a null in forward_to
    Answer one = receiver->accept(profile);
    if (one.accepted()) continue;
    all.outcome = Outcome::kRefused;
    if (!all.reason.empty()) all.reason += "; ";
    all.reason += one.reason.empty() ? std::string("refused") : one.reason;
  }
  return all;
}

}  // namespace invar::pipeline
