// Cluster: who shares the work with this instance, and which part of it is ours. One interface over every way to form a cluster.
//
// Ownership is a picture of one instant: immutable, so that a thread of the pool may go through thousands of keys with it.
// Threads:  an Ownership from any thread; everything else on the loop thread.
// Lifetime: dropping a Subscription ends it; it may outlive the cluster.
// Spec:     clustering.md 2.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace invar::component {

struct ClusterPeer {
  std::string name;
  std::string address;  // host:port
  std::string state;    // "viewer", "participant", "terminating"
  bool is_self = false;
  bool hands_over = true;  // gives the state of work away (hand_over.h); nodes of other programs do not
};

class Ownership {
 public:
  virtual ~Ownership() = default;
  [[nodiscard]] virtual bool owns(std::uint64_t key) const = 0;
  // The name of the node; "" while the cluster is not ready, so that nobody is.
  [[nodiscard]] virtual std::string_view owner(std::uint64_t key) const = 0;
  // How that came about, for people.
  [[nodiscard]] virtual std::string why(std::uint64_t) const { return {}; }
};

class HandOver;

// Hears what the work on a key took, where the cluster weighs it. Threads: loop thread. Spec: clustering.md 13.
class CostSink {
 public:
  virtual ~CostSink() = default;
  virtual void note(std::uint64_t key, std::uint64_t bytes, Duration cpu) = 0;
};

class Cluster {
 public:
  using Subscription = std::shared_ptr<const void>;

  virtual ~Cluster() = default;
  // False while work waits for more nodes or for the first news of them; nobody owns anything then.
  [[nodiscard]] virtual bool ready() const = 0;
  [[nodiscard]] virtual std::shared_ptr<const Ownership> ownership() const = 0;
  [[nodiscard]] virtual std::vector<ClusterPeer> peers()
      const = 0;  // sorted by name; this instance is one of them
  // Called when ownership() gives another answer, at most once a second.
  [[nodiscard]] virtual Subscription on_change(std::function<void()> changed) = 0;

  // How work moves between nodes with its state (hand_over.h); null: it does not. Set before anything asks, and outlives all who do.
  void set_hand_over(HandOver* hand_over) { hand_over_ = hand_over; }
  [[nodiscard]] HandOver* hand_over() const { return hand_over_; }

  // Null: nothing is weighed. As above.
  void set_costs(CostSink* costs) { costs_ = costs; }
  [[nodiscard]] CostSink* costs() const { return costs_; }

 private:
  HandOver* hand_over_ = nullptr;
  CostSink* costs_ = nullptr;
};

// The cluster of an instance that works alone: it owns everything.
std::shared_ptr<Cluster> make_single_node(ClusterPeer self);

}  // namespace invar::component
