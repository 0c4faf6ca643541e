// NodeStates: what each node says that it is: viewer, participant or terminating; the newest word by Lamport time wins.
// Threads: loop thread. Spec: clustering.md 4.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "async/loop.h"
#include "cluster/messages.h"

namespace invar::cluster {

class NodeStates {
 public:
  using Broadcast = std::function<void(const std::string& node, std::string message, async::Task told)>;
  NodeStates(std::string self, Broadcast broadcast, std::function<void()> changed)
      : self_(std::move(self)), broadcast_(std::move(broadcast)), changed_(std::move(changed)) {}

  // Ours. Only from viewer to participant and from there to terminating; anything else is our bug.
  void become(NodeState state, async::Task told);
  // Ours again, later than all that was heard: others may keep the last word of an earlier instance of ours.
  void say_again();
  void hear(const StateMessage& message);
  // What others knew, of nodes that are members here.
  void merge(const StateList& list, const std::function<bool(const std::string&)>& is_member);
  void forget(const std::string& node) { states_.erase(node); }

  [[nodiscard]] NodeState of(const std::string& node) const;
  [[nodiscard]] StateList list(const std::vector<std::string>& members) const;
  [[nodiscard]] std::uint64_t time() const { return time_; }

 private:
  void say(async::Task told);
  void observe(std::uint64_t time);

  const std::string self_;
  const Broadcast broadcast_;
  const std::function<void()> changed_;
  NodeState own_ = NodeState::kViewer;
  std::map<std::string, StateMessage> states_;
  std::uint64_t time_ = 0;
};

}  // namespace invar::cluster
