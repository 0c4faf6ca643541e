#include "pipeline/tap.h"

namespace invar::pipeline {

Tap::Watch Tap::watch(Listener listener) const {
  auto kept = std::make_shared<Listener>(std::move(listener));
  state_->listeners.push_back(kept);
  return Watch(std::move(kept));
}

std::string Tap::ids_of(const std::vector<ReceiverPtr>& receivers) {
  std::string ids;
  for (const ReceiverPtr& receiver : receivers)
    if (receiver) ids.append(ids.empty() ? "" : ", ").append(receiver->component_id());
  return ids;
}

std::string Tap::in_words(const Answer& answer) {
  if (answer.accepted()) return "accepted";
  return (answer.partly ? "refused by some: " : "refused: ") + answer.reason;
}

void Tap::tell(const Shown& shown) const {
  // A listener may end itself or others, and begin to listen.
  const auto listeners = state_->listeners;
  bool gone = false;
  for (const auto& weak : listeners) {
    if (const auto listener = weak.lock()) {
      (*listener)(shown);
    } else {
      gone = true;
    }
  }
  if (gone) std::erase_if(state_->listeners, [](const auto& weak) { return weak.expired(); });
}

}  // namespace invar::pipeline
