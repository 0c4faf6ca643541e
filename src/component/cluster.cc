#include "component/cluster.h"

namespace invar::component {
namespace {

class SingleNode final : public Cluster {
 public:
  explicit SingleNode(ClusterPeer self)
      : self_(std::move(self)), everything_(std::make_shared<Everything>(self_.name)) {}

  [[nodiscard]] bool ready() const override { return true; }
  [[nodiscard]] std::shared_ptr<const Ownership> ownership() const override { return everything_; }
  [[nodiscard]] std::vector<ClusterPeer> peers() const override { return {self_}; }
  // Nothing ever changes.
  [[nodiscard]] Subscription on_change(std::function<void()>) override { return nullptr; }

 private:
  class Everything final : public Ownership {
   public:
    explicit Everything(std::string self) : self_(std::move(self)) {}
    [[nodiscard]] bool owns(std::uint64_t) const override { return true; }
    [[nodiscard]] std::string_view owner(std::uint64_t) const override { return self_; }

   private:
    const std::string self_;
  };

  const ClusterPeer self_;
  const std::shared_ptr<const Ownership> everything_;
};

}  // namespace

std::shared_ptr<Cluster> make_single_node(ClusterPeer self) {
  return std::make_shared<SingleNode>(std::move(self));
}

}  // namespace invar::component
