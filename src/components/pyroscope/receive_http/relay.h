// Relay: HTTP requests in, profiles out. The handler of the component's server.
//
//   POST /push.v1.PusherService/Push   -> one profile per sample -> forward_to; a Connect answer
//   POST /ingest                       -> one profile, its body untouched -> forward_to; a plain answer
//   anything else                      -> a sentence that says where to send profiles; the client is noted (vain_clients.h)
//
// An answer waits until every receiver keeps the profiles (pipeline::Receiver::accept_kept), never for a server behind them. What the
// client did wrong is a 400; what may work later a 503. Large or packed messages are decoded on the worker pool.
// Threads: loop thread only. Lifetime: answers that come after the end are dropped with their connections.
// Source:  pyroscope-receive-http-relabel-enrich.md A2-A6; decision 12.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "components/pyroscope/receive_http/connect.h"
#include "components/pyroscope/receive_http/push_decode.h"
#include "components/pyroscope/receive_http/route.h"
#include "components/pyroscope/receive_http/vain_clients.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "pipeline/outlets.h"
#include "pipeline/tap.h"

namespace invar::components::pyroscope_receive_http {

class Relay {
 public:
  struct Environment {
    log::Logger logger;
    metrics::Scope* metrics = nullptr;
    async::Loop* loop = nullptr;
    async::WorkerPool* pool = nullptr;
    pipeline::Tap tap;
  };
  struct Limits {
    std::uint64_t max_body_bytes = 0;           // of an unpacked message
    std::uint64_t max_concurrent_requests = 0;  // 0: no limit
  };

  explicit Relay(Environment environment);

  void configure(std::vector<pipeline::ReceiverPtr> receivers, Limits limits);
  void handle(http::ServerRequest request, http::ResponderPtr responder);
  // A request that never came to handle().
  void refused(const http::ServerRequest& request, int status, std::string_view why) {
    vain_.note(request, status, why);
  }
  [[nodiscard]] std::uint64_t requests_under_way() const { return under_way_; }
  [[nodiscard]] const VainClients& clients_in_vain() const { return vain_; }

 private:
  class Exchange;
  class Push;
  using ExchangePtr = std::shared_ptr<Exchange>;
  struct RouteMetrics {
    metrics::LabelPairs labels;  // method and route
    metrics::Histogram &request_bytes, &response_bytes;
    metrics::Gauge& inflight;
    std::map<int, metrics::Histogram*> duration;  // by status
  };

  RouteMetrics& metrics_of(const std::string& method, std::string_view route);
  void observe_duration(RouteMetrics& metrics, int status, Duration took);
  void ingest(const ExchangePtr& exchange, std::string body);
  void push(const ExchangePtr& exchange, std::string body);
  void pushed(const ExchangePtr& exchange, const ConnectCall& call,
              Result<std::vector<PushedSeries>> decoded);

  const Environment env_;
  pipeline::Outlets outlets_;
  Limits limits_;
  const char* appendable_ = "";  // " to appendable 0" where there is only one: for messages
  std::uint64_t under_way_ = 0;
  std::map<std::pair<std::string, std::string>, RouteMetrics> routes_;
  VainClients vain_;
  async::Alive alive_;
};

}  // namespace invar::components::pyroscope_receive_http
