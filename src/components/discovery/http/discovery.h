// HttpDiscovery: fetches a list of target groups from a URL.
// Errors: what the server did wrong in one phrase; the targets then stay as they are (component/refresher.h).
// Limits: a body of at most kMaxBodyBytes; one request lasts at most the refresh interval.
// Threads: loop thread only; parsing runs on the pool. Spec: discovery.md 3.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "component/refresher.h"
#include "components/discovery/http/arguments.h"
#include "http/client.h"
#include "metrics/metrics.h"

namespace invar::components::discovery_http {

inline constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{64} << 20;

// `application/json`, alone or with `charset=utf-8`.
bool acceptable_content_type(std::string_view content_type);

class HttpDiscovery {
 public:
  HttpDiscovery(async::WorkerPool& pool, metrics::Counter& failures) : pool_(pool), failures_(failures) {}

  // Cancels a request under way.
  void configure(const Arguments& arguments, std::unique_ptr<http::Client> client);
  void cancel() { call_.reset(); }
  void refresh(component::Refresher::Done done);

 private:
  void received(std::expected<http::Response, http::Failure> response, component::Refresher::Done done);
  void failed(std::string message, component::Refresher::Done& done);

  async::WorkerPool& pool_;
  metrics::Counter& failures_;
  Arguments arguments_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Call> call_;  // before the client that made it is gone
  async::Alive alive_;
};

}  // namespace invar::components::discovery_http
