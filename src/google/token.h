// TokenSource: access tokens for Google's APIs from the application default credentials: a service account's key or a user's refresh
// token in a file (GOOGLE_APPLICATION_CREDENTIALS, or gcloud's own), else the metadata service of the instance.
// Errors:  a sentence with the file or place and what is wrong; the next get() tries again. Secrets are in no message.
// Threads: loop thread only; files are read on the disk pool. Lifetime: the destructor and cancel() drop what is under way.
// Source:  Google Cloud, "How Application Default Credentials works"; RFC 7523 for the service account's assertion.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "component/component.h"
#include "component/fetcher.h"

namespace invar::google {

using Environment = std::function<std::string(const char* name)>;  // "" = unset

class TokenSource {
 public:
  using Done = std::move_only_function<void(Result<std::string>)>;  // now or later

  static Result<std::unique_ptr<TokenSource>> make(const component::Options& options, std::string scope,
                                                   Environment environment);

  // The one of before until a minute before it expires. A second get() drops the first.
  void get(Done done);
  void forget() { token_.clear(); }  // it was refused
  void cancel();

 private:
  TokenSource(const component::Options& options, std::string scope, Environment environment,
              std::unique_ptr<http::Client> client);
  void with_file(Result<std::string> text);
  void ask(http::Request request);
  void finish(Result<std::string> token);

  async::Loop& loop_;
  async::WorkerPool& disk_pool_;
  const std::shared_ptr<fs::FileSystem> files_;
  const std::string scope_;
  const Environment environment_;
  component::Fetcher fetcher_;

  std::string token_;
  UnixNanos expires_unix_ns_ = 0;
  Done done_;
  std::unique_ptr<async::Alive> run_;  // of the get() under way
};

// A JWT that a service account asks for a token with, signed by RS256. Pure. Errors: a key that is none.
struct Assertion {
  std::string issuer, scope, audience, key_id, private_key_pem;
};
Result<std::string> sign_assertion(const Assertion& assertion, UnixNanos now);

}  // namespace invar::google
