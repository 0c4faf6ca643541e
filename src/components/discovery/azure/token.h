// IdentityToken: access tokens of a managed identity, from the metadata service of the machine; kept until five minutes before their end.
// Errors: a sentence; the next get() asks again. Threads: loop thread. Lifetime: the destructor drops what is under way.
// Source: Microsoft, "How to use managed identities for Azure resources on an Azure VM to acquire an access token".
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "component/fetcher.h"

namespace invar::components::discovery_azure {

class IdentityToken {
 public:
  using Done = std::move_only_function<void(Result<std::string>)>;  // now or later

  // `audience`: what the token is for, "https://management.azure.com".
  IdentityToken(async::Loop& loop, std::unique_ptr<http::Client> client, std::string client_id,
                std::string audience);

  void get(Done done);
  void forget() { token_.clear(); }  // it was refused

 private:
  async::Loop& loop_;
  component::Fetcher fetcher_;
  const std::string client_id_, audience_;
  std::string token_;
  UnixNanos expires_unix_ns_ = 0;
};

}  // namespace invar::components::discovery_azure
