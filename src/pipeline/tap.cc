#include "pipeline/tap.h"

namespace invar::pipeline {

Tap::Watch Tap::watch(Listener listener) const {
  auto kept = std::make_shared<Listener>(std::move(listener));
  state_->listeners.push_back(kept);
  return Watch(std::move(kept));
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
