// Agreement: what this node may own while the nodes agree on who takes part, so that no key ever has two owners. Pure.
//
//   see(view) -> what is not ours in it is let go -> telling() -> told() -> when everybody told it: complete()
//
// The rule: a node that etcd knows to have told a view owns nothing that is another's in it, until it tells another one. So what is
// ours is what is ours in the last complete view and in all that we may have told since; only a complete view gives us more.
// Spec: clustering.md 10.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cluster/shares.h"
#include "component/cluster.h"

namespace invar::cluster_etcd {

struct View {
  std::string id;
  cluster::Shares shares;
};
using ViewPtr = std::shared_ptr<const View>;

class Agreement {
 public:
  static constexpr std::size_t kMostViews =
      16;  // told without one being complete; after as many nothing is ours

  explicit Agreement(std::string self) : self_(std::move(self)) {}

  // Another view than the current one. True: something of ours may be lost by it, and has to be let go before it is told.
  bool see(ViewPtr view);
  void telling();  // from now on others may know
  void told();     // etcd has said so
  void complete();
  void forget();  // nothing is ours, and no view is current

  [[nodiscard]] const ViewPtr& current() const { return current_; }
  [[nodiscard]] bool is_told() const { return is_told_; }
  [[nodiscard]] bool is_complete() const { return is_complete_; }
  // Ours is what is ours in all of them; none: nothing.
  [[nodiscard]] std::vector<ViewPtr> views() const;

 private:
  const std::string self_;
  std::vector<ViewPtr> binding_;  // the last complete one first; empty: nothing is ours
  ViewPtr current_;
  bool is_told_ = false, is_complete_ = false;
};

// The owner of a key is the node that all views give it to; nobody's while they differ. Any thread.
class AgreedOwnership final : public component::Ownership {
 public:
  AgreedOwnership(std::vector<ViewPtr> views, std::string self)
      : views_(std::move(views)), self_(std::move(self)) {}
  [[nodiscard]] bool owns(std::uint64_t key) const override { return owner(key) == self_; }
  [[nodiscard]] std::string_view owner(std::uint64_t key) const override;
  [[nodiscard]] std::string why(std::uint64_t key) const override;

 private:
  const std::vector<ViewPtr> views_;
  const std::string self_;
};

}  // namespace invar::cluster_etcd
