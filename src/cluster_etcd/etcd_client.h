// EtcdClient: requests to one etcd over any of its endpoints. The first that fails makes the next one to be asked.
//
// With a user it logs in before the first request, and again when etcd no longer knows the token.
// Shape:    call() gives the body of a 200; `done` runs later on the loop, once, unless this is gone. Errors: sentences with the
//           endpoint, without secrets.
// Threads:  loop thread. Lifetime: what it is made of outlives it.
// Spec:     clustering.md 10.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "cluster_etcd/watch_stream.h"
#include "http/client.h"
#include "metrics/metrics.h"

namespace invar::cluster_etcd {

class EtcdClient {
 public:
  struct Config {
    std::vector<std::string> endpoints;  // "http://10.0.0.1:2379", one at least
    std::string user;                    // "": none
    http::SecretText password;
    Duration timeout = std::chrono::seconds(3);  // of a request
  };
  using Answer = std::move_only_function<void(Result<std::string>)>;

  EtcdClient(async::Loop& loop, std::shared_ptr<http::Client> client, Config config, metrics::Scope& metrics);

  void call(const std::string& path, std::string body, Answer done);

  // One watch at a time. `heard` may be called often, with whether keys changed; `over` once, unless the watch is stopped before, or
  // with the endpoint that it hung on.
  void watch(std::string body, std::function<void(bool changed)> heard, std::function<void(Error)> over);
  void stop_watch() { watch_.reset(); }
  [[nodiscard]] bool watches() const { return watch_ != nullptr; }

 private:
  void log_in(Answer done);
  void send(const std::string& path, std::string body, Answer done);
  [[nodiscard]] http::Request request(const std::string& path, std::string body) const;
  [[nodiscard]] Error failed(const std::expected<http::Response, http::Failure>& answer);

  async::Loop& loop_;
  const std::shared_ptr<http::Client> client_;
  const Config config_;
  metrics::Counter& requests_;
  metrics::Counter& failures_;
  std::size_t endpoint_ = 0;
  std::string token_;
  std::map<std::uint64_t, std::unique_ptr<http::Call>> calls_;
  std::uint64_t last_call_ = 0;
  std::unique_ptr<http::Call> watch_;
  std::uint64_t watch_id_ = 0;
  WatchStream stream_;
  async::Alive alive_;  // last
};

}  // namespace invar::cluster_etcd
