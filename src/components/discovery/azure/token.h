// TokenSource: access tokens of a managed identity, from the metadata service of the machine, or of a workload identity, for the token
// of a file, which is read anew each time; kept until five minutes before their end.
// Errors: a sentence; the next get() asks again. Secrets are in no message.
// Threads: loop thread; the file is read on the disk pool. Lifetime: the destructor drops what is under way.
// Source: Microsoft, "How to use managed identities for Azure resources on an Azure VM to acquire an access token" and "Microsoft
// identity platform and the OAuth 2.0 client credentials flow", third case: with a federated credential.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "component/component.h"
#include "component/fetcher.h"
#include "components/discovery/azure/access.h"

namespace invar::components::discovery_azure {

class TokenSource {
 public:
  using Done = std::move_only_function<void(Result<std::string>)>;  // now or later

  // `access`: not an application with a secret, which the HTTP client knows; or why there is none.
  // `audience`: what the token is for, "https://management.azure.com".
  TokenSource(const component::Options& options, std::unique_ptr<http::Client> client, Result<Access> access,
              std::string audience);

  void get(Done done);
  void forget() { token_.clear(); }  // it was refused

 private:
  void ask_with_file(const Federated& identity, Done done);
  void send(http::Request request, std::string who, Done done);

  async::Loop& loop_;
  async::WorkerPool& disk_pool_;
  const std::shared_ptr<fs::FileSystem> files_;
  component::Fetcher fetcher_;
  const Result<Access> access_;
  const std::string audience_;
  std::string token_;
  UnixNanos expires_unix_ns_ = 0;
  async::Alive alive_;
};

}  // namespace invar::components::discovery_azure
