// Hub: one Watch for everybody in the program who wants the same resource, namespace and selector from the same server with the same
// credentials. Threads: loop thread. Lifetime: watches and connections live as long as a subscription needs them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "kube/watch.h"

namespace invar::kube {

class Hub {
 public:
  // `random` from 0 to 1: spreads what clients of one server do over time.
  explicit Hub(std::function<double()> random) : random_(std::move(random)) {}

  // Connections to equal places are one.
  std::shared_ptr<Connection> connection(const Host& host, const ServerPlace& place);
  std::shared_ptr<Watch> watch(const std::shared_ptr<Connection>& connection, const WatchKey& key);

 private:
  std::function<double()> random_;
  std::vector<std::weak_ptr<Connection>> connections_;
  std::map<std::pair<Connection*, WatchKey>, std::weak_ptr<Watch>> watches_;
};

}  // namespace invar::kube
