// Api: requests to Vault's HTTP API, with attempts anew where it is the server that fails.
// Errors:  a sentence with method, path and what Vault said ("permission denied"). Secrets are in no message.
// Threads: loop thread only. Lifetime: the destructor and cancel() drop what is under way; one call at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "components/remote/vault/arguments.h"
#include "syntax/value.h"

namespace invar::components::remote_vault {

struct Refusal {
  Error error;
  int status = 0;  // 0: no answer
};

class Api {
 public:
  using Done = std::move_only_function<void(std::expected<syntax::Value, Refusal>)>;  // later, once
  struct Call {
    std::string method = "GET";
    std::string path;   // "secret/data/x"
    std::string body;   // JSON
    std::string token;  // "": none
    std::string space;  // "": the one of the arguments
  };

  Api(async::Loop& loop, std::unique_ptr<http::Client> client, const Arguments& arguments);

  void send(Call call, Done done);
  void cancel();

 private:
  void attempt();
  void received(std::expected<http::Response, http::Failure> answer);
  void finish(std::expected<syntax::Value, Refusal> result);

  const std::string server_, space_;
  const ClientOptions options_;
  std::unique_ptr<http::Client> client_;
  Call asked_;
  Done done_;
  std::uint64_t attempts_ = 0;
  std::unique_ptr<http::Call> call_;  // before the client that made it is gone
  async::Timer retry_;
  async::Alive alive_;
};

}  // namespace invar::components::remote_vault
