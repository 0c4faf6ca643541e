// Announcer: tells listeners that something changed, at most once a second; also when it changed back meanwhile, for some may have looked
// in between. Threads: loop thread. Lifetime: a listener that drops its subscription hears nothing more.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "component/cluster.h"

namespace invar::cluster {

class Announcer {
 public:
  // `before` runs first.
  Announcer(async::Loop& loop, std::function<void()> before)
      : loop_(loop), before_(std::move(before)), timer_(loop) {}

  [[nodiscard]] component::Cluster::Subscription listen(std::function<void()> changed) {
    auto kept = std::make_shared<const std::function<void()>>(std::move(changed));
    listeners_.push_back(kept);
    return kept;
  }
  [[nodiscard]] std::size_t listeners() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(listeners_, [](const auto& l) { return !l.expired(); }));
  }
  [[nodiscard]] bool about_to_tell() const { return timer_.armed(); }
  void announce() {
    if (!timer_.armed())
      timer_.arm_at(std::max(loop_.now(), last_ + std::chrono::seconds(1)), [this] { tell(); });
  }

 private:
  void tell() {
    before_();
    last_ = loop_.now();
    std::erase_if(listeners_, [](const auto& listener) { return listener.expired(); });
    const auto listeners = listeners_;
    for (const auto& listener : listeners) {
      if (const auto changed = listener.lock()) (*changed)();
    }
  }

  async::Loop& loop_;
  const std::function<void()> before_;
  std::vector<std::weak_ptr<const std::function<void()>>> listeners_;
  async::TimePoint last_{};
  async::Timer timer_;
};

}  // namespace invar::cluster
