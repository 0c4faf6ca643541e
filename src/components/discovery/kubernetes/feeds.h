// Feeds: the watches that one discovery.kubernetes needs, its own objects and those it looks up besides.
// Which ones: of each namespace, or of all; nodes and namespaces only where their labels are wanted. Pure but for Feed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "components/discovery/kubernetes/arguments.h"
#include "kube/watch.h"

namespace invar::components::discovery_kubernetes {

// The role's own come first. `spaces`: empty for all namespaces.
std::vector<kube::WatchKey> watches_of(const Arguments& arguments, const std::vector<std::string>& spaces);

struct Feed {
  kube::WatchKey key;
  std::unique_ptr<kube::Watch::Subscription> subscription;
  bool synced = false;
  std::optional<Error> error;
  [[nodiscard]] bool reported() const { return synced || error; }
};

}  // namespace invar::components::discovery_kubernetes
