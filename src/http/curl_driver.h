// CurlDriver: libcurl's multi interface inside the event loop; one per Transport. It carries what plain_connection.h does not:
// TLS, HTTP/2 and proxies; and it makes the plain connections (name lookup, choice of address).
//
// A CurlPool holds the connections of one client configuration, in shards of a few hundred hosts, because libcurl's own
// bookkeeping grows with the hosts of a multi handle.
// Threads:  loop thread only; no other thread is involved except libcurl's resolver.
// Lifetime: pools keep the driver alive. `done` is called from the driver's own task, never from start(); it may drop its
//           own transfer and nothing else.
#pragma once

#include <functional>
#include <memory>

#include "async/loop.h"
#include "base/unique_fd.h"
#include "http/dialer_metrics.h"
#include "http/engine.h"

namespace invar::http {

class CurlDriver {
 public:
  // A request, or only the connection for one: then `done` gets the socket, connected and non-blocking.
  enum class Purpose { kRequest, kConnection };
  struct Result {
    std::expected<Response, Failure> response;
    UniqueFd socket;
  };
  using Done = std::move_only_function<void(Result)>;

  static std::shared_ptr<CurlDriver> create(async::Loop& loop, std::uint64_t connection_budget);
  virtual ~CurlDriver() = default;
  virtual std::shared_ptr<Pool> make_pool(PoolSettings settings, DialerMetrics metrics) = 0;
  // `attempt` stays in place until `done` or until the transfer is dropped.
  virtual std::unique_ptr<Transfer> start(const std::shared_ptr<Pool>& pool, const Attempt& attempt,
                                          Purpose purpose, Done done) = 0;
};

}  // namespace invar::http
