#include "runtime/update_queue.h"

#include <algorithm>

namespace invar::runtime {

void UpdateQueue::push(Graph::Index node) {
  if (std::ranges::find(updates_, node, &Update::node) == updates_.end())
    updates_.push_back({node, loop_->now()});
  if (posted_) return;
  posted_ = true;
  loop_->post(alive_.bind([this] { take_all(); }));
}

void UpdateQueue::take_all() {
  posted_ = false;
  if (updates_.empty()) return;
  take_(std::exchange(updates_, {}));
}

}  // namespace invar::runtime
