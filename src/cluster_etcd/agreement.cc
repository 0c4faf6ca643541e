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
  // Nodes that go leave their keys to others; only nodes that come, or another plan, take some of ours.
  const cluster::Basis& now = current_->shares.basis();
  const cluster::Basis& before = binding_.front()->shares.basis();
  const bool same_plan = cluster::Basis{now.names, before.by_cost, before.plan} == now;
  return !same_plan || !std::ranges::binary_search(now.names, self_) ||
         !std::ranges::includes(before.names, now.names);
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
  const std::string_view first = views_.front()->shares.owner(key);
  const bool agreed =
      std::ranges::all_of(views_, [&](const ViewPtr& view) { return view->shares.owner(key) == first; });
  return agreed ? first : std::string_view();
}

std::string AgreedOwnership::why(std::uint64_t key) const {
  if (views_.empty()) return "this node has agreed to no list of nodes yet";
  if (owner(key).empty()) return "it moves: not all nodes have agreed to that yet";
  return views_.back()->shares.why(key);
}

}  // namespace invar::cluster_etcd
