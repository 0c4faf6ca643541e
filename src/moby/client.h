// Client: asks a Docker-compatible daemon (Docker, Podman).
// Shape:   get() fetches several paths one after another and answers once, with all bodies or the first error. The API's version is
//          agreed upon first, once, and anew after an error.
// Errors:  a sentence that names the host. Threads: loop thread only. Lifetime: the destructor cancels; a second get() cancels the
//          first. Spec: discovery.md 8, 9.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "http/client.h"
#include "moby/host.h"

namespace invar::moby {

class Client {
 public:
  using Bodies = std::vector<std::string>;
  using Done = std::move_only_function<void(Result<Bodies>)>;

  // `timeout`: of each request; over a socket and `tcp` it is the same.
  Client(std::unique_ptr<http::Client> client, Host host, Duration timeout);

  void get(std::vector<std::string> paths, Done done);  // "/containers/json?filters=…"

  // A request to the daemon as get() makes it, for streams.
  [[nodiscard]] http::Request request(const std::string& path) const;
  [[nodiscard]] http::Client& http() { return *client_; }
  [[nodiscard]] const Host& host() const { return host_; }

 private:
  using Answer = std::expected<http::Response, http::Failure>;
  void next();
  void finish(Result<Bodies> result);
  void agree(Answer answer);
  void received(Answer answer);
  [[nodiscard]] Error trouble(const std::string& what, const Answer& answer) const;

  std::unique_ptr<http::Client> client_;
  const Host host_;
  const Duration timeout_;
  std::string version_;  // "/v1.41", "" not agreed upon yet

  std::vector<std::string> paths_;
  Bodies bodies_;
  Done done_;
  std::unique_ptr<http::Call> call_;
  async::Alive alive_;
};

// `filters={"label":["a=b"],"status":["running"]}`, escaped, for a query; values of one name together.
struct Filter {
  std::string name;
  std::vector<std::string> values;
  bool operator==(const Filter&) const = default;
};
std::string filter_query(const std::vector<Filter>& filters);

}  // namespace invar::moby
