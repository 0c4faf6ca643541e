// Swim: one node of a gossiping cluster. Members that probe each other, news that travel, and now and then two nodes that tell each
// other all they know; among the news, what each node says that it is.
// Threads:  loop thread. Time, randomness and the network are parameters, so that a thousand nodes run in a test in virtual time.
// Lifetime: the network outlives it.
// Spec:     clustering.md 4, 7, 8.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/log.h"
#include "cluster/broadcast_queue.h"
#include "cluster/members.h"
#include "cluster/node_states.h"
#include "cluster/prober.h"

namespace invar::cluster {

class Network {
 public:
  using Done = std::move_only_function<void(Result<std::string> answer)>;
  virtual ~Network() = default;
  virtual void send(const std::string& to, std::string packet) = 0;  // may get lost
  // One stream of bytes there and one back; `done` once, not from inside.
  virtual void exchange(const std::string& to, std::string stream, Done done) = 0;
};

// What the metrics count, under the reference's names.
enum class GossipEvent {
  kStateChange,
  kUnknown,
  kGetLocalState,
  kMergeRemoteState,
  kJoin,
  kLeave,
  kUpdate,
  kConflict
};
inline constexpr std::array<std::string_view, 8> kGossipEventNames = {
    "state_change_message", "unknown_message", "get_local_state", "merge_remote_state", "node_join",
    "node_leave",           "node_update",     "node_conflict"};

class Swim {
 public:
  struct Config {
    std::string name;
    Address address;
    std::string label;  // of the cluster
    Members::Figures figures;
    std::string_view meta = kOurMeta;
  };
  struct Hooks {
    std::function<void()> changed;  // who is there, or what somebody is
    std::function<void(GossipEvent)> happened;
    Members::Random random;
    log::Logger logger;
    // Of another node; whether it is news, which then go on to the others. Null: nobody weighs here.
    std::function<bool(std::string_view plan)> plan = {};
  };
  Swim(async::Loop& loop, Network& network, Config config, Hooks hooks);

  void start();
  // Tells all of them, and merges what they know. `done` hears how many answered, and why the last did not that did not.
  void join(const std::vector<std::string>& addresses,
            std::function<void(std::size_t joined, Error last)> done);
  void become(NodeState state, async::Task told);
  void leave(async::Task done);   // within the time for it
  void spread(std::string plan);  // among the news, and with every exchange

  void receive(std::string_view packet, const std::string& from);
  // The stream of another that asks, as far as it came: nothing while that is cut off, else the answer's stream.
  Result<std::optional<std::string>> answer(std::string_view stream);

  struct Node {
    std::string name;
    Address address;
    NodeState state = NodeState::kViewer;
    bool ours = false;    // a node of Invar
    bool weighs = false;  // with --cluster.balance=cost
  };
  [[nodiscard]] std::vector<Node> nodes() const;  // that are there, by name; ourselves included
  [[nodiscard]] const Members& members() const { return members_; }
  [[nodiscard]] std::uint64_t lamport_time() const { return states_.time(); }
  [[nodiscard]] std::uint64_t state_broadcasts() const { return state_broadcasts_; }
  [[nodiscard]] std::size_t waiting_broadcasts() const { return news_.size() + state_news_.size(); }

 private:
  [[nodiscard]] Members::Hooks member_hooks();
  void hear(const std::string& message, const std::string& from);
  void send(const std::string& to, const std::vector<Message>& messages);
  [[nodiscard]] std::vector<std::string> take_news(std::size_t room);
  void gossip();
  void arm_gossip();
  void arm_exchange(Duration after);
  void exchange_with(const std::string& address, bool join, std::function<void(Result<>)> done);
  [[nodiscard]] Exchange everything(bool join);
  Result<> merge(const Exchange& exchange);
  void hear_plan(std::string_view plan);

  async::Loop& loop_;
  Network& network_;
  const Config config_;
  const Hooks hooks_;
  BroadcastQueue news_, state_news_;
  NodeStates states_;
  Members members_;
  Prober prober_;
  std::string plan_;  // the last one that was spread
  std::uint64_t state_broadcasts_ = 0;
  bool joined_ = false;
  bool leaving_ = false;
  async::Task left_;
  async::Timer gossip_timer_, exchange_timer_, leave_timer_;
  async::Alive alive_;  // last
};

}  // namespace invar::cluster
