// Engine: attempts on the wire; one per Transport. Plain HTTP goes over connections of our own (plain_connection.h), TLS,
// HTTP/2 and proxies over libcurl (curl_driver.h).
//
// An Attempt is one request: no redirects, no credentials, no time limit of its own (exchange.h adds them). A Pool holds
// the connections of one client configuration.
// Burst limit: at most `max_burst` requests are started at a time; a request stops counting when it ends or after 10 ms.
//           So a storm is spread over time while a CPU profile that answers after 14 s holds up nobody.
// Threads:  loop thread only. Lifetime: pools keep the engine alive. `done` runs in the engine's own task, never in start().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "http/client.h"
#include "http/proxy.h"
#include "http/tls_material.h"

namespace invar::http {

struct PoolSettings {
  std::shared_ptr<const TlsMaterial> tls;
  bool enable_http2 = true, only_http2 = false;
  bool accept_gzip = false;
  std::string dialer_name;
};

// Takes the body of a 2xx answer part by part, on the loop. May end the transfer from inside.
class AnswerStream {
 public:
  // `head` has no body. The first part is empty where the head came alone.
  virtual void on_part(const Response& head, std::string_view bytes) = 0;

 protected:
  ~AnswerStream() = default;
};
inline bool is_streamed(int status) {
  return status >= 200 && status < 300;
}

struct Attempt {
  std::string method = "GET";
  std::string url;        // absolute, no user info, no fragment
  std::string host;       // for messages and the host of the certificate
  std::string host_port;  // shard key and messages; "unix:PATH" with a unix socket
  std::string unix_socket;
  bool https = false;
  Headers headers;
  // Owned by the caller until `done`.
  const std::string* body_head = nullptr;
  const std::string* body = nullptr;
  const std::string* body_tail = nullptr;
  std::uint64_t max_body_bytes = 0, expected_body_bytes = 0;
  std::shared_ptr<const ProxyRoute> proxy;
  AnswerStream* stream = nullptr;
  bool paused = false;  // from the beginning: Transfer::resume() starts the stream
};

class Pool {
 public:
  virtual ~Pool() = default;
};

// A started attempt; destroying it cancels.
class Transfer : public Call {
 public:
  // What it is busy with, for a time-out message: "waiting for a free slot", "connecting" ...
  [[nodiscard]] virtual std::string_view phase() const = 0;
};

class Engine {
 public:
  struct Limits {
    std::size_t max_burst = 64;
    std::uint64_t max_connections = 768;
  };
  using Done = std::move_only_function<void(std::expected<Response, Failure>)>;

  static std::shared_ptr<Engine> create(async::Loop& loop, metrics::Scope* scope, Limits limits);
  virtual ~Engine() = default;
  virtual std::shared_ptr<Pool> make_pool(PoolSettings settings) = 0;
  virtual std::unique_ptr<Transfer> start(const std::shared_ptr<Pool>& pool, Attempt attempt, Done done) = 0;
};

}  // namespace invar::http
