#include "cluster/node_states.h"

#include <limits>
#include <utility>

#include "base/check.h"

namespace invar::cluster {
namespace {

constexpr std::size_t kMostStates = 100'000;  // they need not be members

}  // namespace

void NodeStates::become(NodeState state, async::Task told) {
  INVAR_CHECK(static_cast<int>(state) == static_cast<int>(own_) + 1, "no such change of a node's state");
  own_ = state;
  say(std::move(told));
  changed_();
}

void NodeStates::say(async::Task told) {
  const StateMessage message{self_, own_, ++time_};
  states_[self_] = message;
  broadcast_(self_, encode(message), std::move(told));
}

void NodeStates::say_again() {
  if (own_ != NodeState::kViewer) say({});
}

void NodeStates::observe(std::uint64_t time) {
  if (time >= time_ && time < std::numeric_limits<std::uint64_t>::max()) time_ = time + 1;
}

void NodeStates::hear(const StateMessage& message) {
  observe(message.time);
  const auto known = states_.find(message.node);
  if (known == states_.end() && states_.size() >= kMostStates) return;
  const bool about_us = message.node == self_;
  if (known != states_.end() && message.time <= known->second.time) {
    // At the same time and something else: another instance of ours said it.
    const bool refutes =
        about_us && message.time == known->second.time && message.state != known->second.state;
    if (!refutes) return;
  }
  // What an earlier instance of ours said is answered with what we are now.
  const StateMessage kept = about_us ? StateMessage{self_, own_, ++time_} : message;
  const NodeState before = of(message.node);
  states_[message.node] = kept;
  broadcast_(message.node, encode(kept), {});
  if (kept.state != before) changed_();
}

void NodeStates::merge(const StateList& list, const std::function<bool(const std::string&)>& is_member) {
  observe(list.current_time);
  for (const StateMessage& state : list.states) {
    if (is_member(state.node)) hear(state);
  }
}

NodeState NodeStates::of(const std::string& node) const {
  const auto known = states_.find(node);
  return known == states_.end() ? NodeState::kViewer : known->second.state;
}

StateList NodeStates::list(const std::vector<std::string>& members) const {
  StateList list{time_, {}};
  for (const std::string& node : members) {
    const auto known = states_.find(node);
    list.states.push_back(known == states_.end() ? StateMessage{node, NodeState::kViewer, 0} : known->second);
  }
  return list;
}

}  // namespace invar::cluster
