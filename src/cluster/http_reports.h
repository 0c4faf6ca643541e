// HttpReports: carries reports of costs to the leader's listener. One that gets lost is replaced by the next.
// With a secret they are sealed (seal.h); what is not is refused.
// Bounds:   1 MiB and 5 s a report, one at a time: a newer one ends the older. Threads: loop thread.
// Spec:     clustering.md 13.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "base/log.h"
#include "cluster/balancer.h"
#include "cluster/seal.h"
#include "http/client.h"
#include "http/server.h"
#include "metrics/metrics.h"

namespace invar::cluster {

inline constexpr std::string_view kCostsPath = "/api/v1/invar/cluster/costs";

class HttpReports {
 public:
  struct Config {
    std::shared_ptr<http::Client> client;
    bool tls = false;
    std::shared_ptr<const Seal> seal;  // null: without a secret
    std::string cluster_name;
    log::Logger logger;
  };
  HttpReports(async::Loop& loop, Config config, metrics::Scope& metrics);

  // `refused`, if the leader does not take it, or does not answer.
  void send(const std::string& address, std::string report, async::Task refused);
  std::function<bool(const CostReport&)> heard;  // whether it is taken
  void handle(const http::ServerRequest& request, const http::ResponderPtr& responder);  // POST kCostsPath

 private:
  async::Loop& loop_;
  const Config config_;
  metrics::Counter& failed_;
  std::unique_ptr<http::Call> call_;
  async::Alive alive_;  // last
};

}  // namespace invar::cluster
