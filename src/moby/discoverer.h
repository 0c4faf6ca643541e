// MobyDiscoverer: polls a Docker-compatible daemon and refreshes at once when it tells of a change. What is asked for, and what
// targets it means, is the kind's. Threads: loop thread only; answers are read on the pool. Spec: discovery.md 8, 9.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "component/poller.h"
#include "moby/client.h"
#include "moby/events.h"

namespace invar::moby {

class MobyDiscoverer final : public component::PolledDiscoverer {
 public:
  // Runs on the pool; pure.
  using Read = std::function<Result<component::Groups>(const Client::Bodies&)>;
  struct Plan {
    std::string mechanism;           // the metrics' label, "docker"
    std::vector<std::string> paths;  // asked for at each refresh
    Read read;                       // of their answers, in this order
  };

  MobyDiscoverer(const component::Options& options, std::unique_ptr<http::Client> client, Host host,
                 Duration interval, Plan plan);

  [[nodiscard]] component::BodyValue debug_info() const override;

 private:
  void refresh(Done done) override;

  async::WorkerPool& pool_;
  const Plan plan_;
  bool listening_ = false;
  Client client_;
  Events events_;
  async::Alive alive_;
};

// Errors: the client's (certificates and the like).
Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const std::string& host,
                                                               const http::ClientConfig& client,
                                                               Duration interval, MobyDiscoverer::Plan plan);

}  // namespace invar::moby
