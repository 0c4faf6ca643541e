// HandOver: what one node of a cluster knows of a piece of work, for the node that goes on with it.
//
// The new owner asks; who is asked ends the work there and then and gives its state away, once. So nothing is done twice, whichever of
// the two hears first that the cluster changed. Keys and states are bytes that only the component understands.
// Threads:  loop thread; but `save` runs on a thread of the pool.
// Lifetime: a Giver outlives its subscription.
// Spec:     clustering.md 11.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "component/cluster.h"

namespace invar::component {

class HandOver {
 public:
  class Giver {
   public:
    struct Given {
      std::size_t bytes = 0;  // about as many as save() makes
      std::function<std::string()> save;
    };
    virtual ~Giver() = default;
    // Ends the work on `key` here, until the cluster says anew that it is ours. Nothing: it is not done here.
    virtual std::optional<Given> give(std::string_view key) = 0;
    // The work on `key` is on its way here from another node. Who asks meanwhile is answered when it is here, or nowhere.
    [[nodiscard]] virtual bool expects(std::string_view key) const = 0;
    // Pieces that other nodes are still expected to ask for.
    [[nodiscard]] virtual std::size_t waiting() const = 0;
  };
  struct Piece {
    std::string key, state;
  };
  using Pieces = std::function<void(std::vector<Piece>)>;
  using Subscription = Cluster::Subscription;

  virtual ~HandOver() = default;
  // `component` means the same on all nodes; one giver each.
  [[nodiscard]] virtual Subscription serve(const std::string& component, Giver& giver) = 0;
  // Asks the node of this name, or every other one for "". `pieces` may come in several calls; `done` once, last, not from inside, whoever
  // answers. What nobody gave does not exist, or is lost.
  virtual void take(const std::string& component, const std::string& node, std::vector<std::string> keys,
                    Pieces pieces, async::Task done) = 0;
  // Before this node leaves: `done` when nothing waits to be taken any more, or after `most`.
  virtual void drain(Duration most, async::Task done) = 0;
};

}  // namespace invar::component
