// Client: asks Consul's HTTP API.
// Errors:  a sentence with the path and what Consul said. Secrets are in no message.
// Threads: loop thread only. Lifetime: the Query is a request under way; its destructor drops it. Spec: discovery.md 11.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "http/client.h"
#include "syntax/value.h"

namespace invar::consul {

// Where Consul is and what is asked of it with every request, as the arguments have it.
struct Access {
  std::string server =
      "localhost:8500";  // host:port, also with http://, https:// and a path, or unix:///socket
  std::string scheme = "http";
  http::SecretText token;
  std::string datacenter, space, partition;  // space: `namespace`
  bool operator==(const Access&) const = default;
};
// Errors: what is wrong with `server` or `scheme`.
Result<> check(const Access& access);

// Completes what a client is made of by the user name and password that Consul's own arguments have.
void add_basic_auth(http::ClientConfig& client, const std::string& username,
                    const http::SecretText& password);

class Client {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  struct Answer {
    syntax::Value body;
    std::uint64_t index = 0;  // X-Consul-Index; 0 without one
  };
  using Done = std::move_only_function<void(Result<Answer>)>;
  class Query {
   public:
    explicit Query(std::unique_ptr<http::Call> call) : call_(std::move(call)) {}

   private:
    std::unique_ptr<http::Call> call_;
  };

  Client(std::unique_ptr<http::Client> client, const Access& access);  // of a checked Access

  // `done` runs later, once.
  [[nodiscard]] std::unique_ptr<Query> get(const std::string& path, const Parameters& parameters,
                                           Duration timeout, Done done);
  [[nodiscard]] const std::string& shown() const { return shown_; }  // for people, without a password

 private:
  const Access access_;
  std::string base_, unix_socket_, shown_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace invar::consul
