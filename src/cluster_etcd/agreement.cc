#include "cluster_etcd/agreement.h"

#include <algorithm>
#include <utility>

namespace invar::cluster_etcd {

bool Agreement::see(ViewPtr view) {
  current_ = std::move(view);
  is_told_ = is_complete_ = false;
  if (binding_.empty()) return false;
  if (binding_.size() == kMostViews) {
    binding_.clear();
    return true;
  }
  // Nodes that go leave their keys to others; only nodes that come take some of ours.
  const auto& names = current_->names;
  return !std::ranges::binary_search(names, self_) || !std::ranges::includes(binding_.front()->names, names);
}

void Agreement::telling() {
  if (!binding_.empty() && std::ranges::find(binding_, current_) == binding_.end())
    binding_.push_back(current_);
}

void Agreement::told() {
  is_told_ = true;
}

void Agreement::complete() {
  binding_ = {current_};
  is_complete_ = true;
}

void Agreement::forget() {
  binding_.clear();
  current_.reset();
  is_told_ = is_complete_ = false;
}

std::vector<ViewPtr> Agreement::views() const {
  std::vector<ViewPtr> views = binding_;
  if (!views.empty() && std::ranges::find(views, current_) == views.end()) views.push_back(current_);
  return views;
}

std::string_view AgreedOwnership::owner(std::uint64_t key) const {
  if (views_.empty()) return {};
  const std::string_view first = views_.front()->ring.owner(key);
  const bool agreed =
      std::ranges::all_of(views_, [&](const ViewPtr& view) { return view->ring.owner(key) == first; });
  return agreed ? first : std::string_view();
}

}  // namespace invar::cluster_etcd
