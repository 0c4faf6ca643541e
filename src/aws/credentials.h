// CredentialSource: credentials for AWS and the region to use them in, in the order of AWS' own tools: arguments, environment, profile,
// web identity (EKS), container (ECS, EKS Pod Identity), instance metadata (IMDSv2); then a role is taken, where one is asked for.
// Errors:  a sentence with what was asked and why not; the next get() tries again. Secrets are in no message.
// Threads: loop thread only; files are read on the disk pool. Lifetime: the destructor and cancel() drop what is under way.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "aws/profile.h"
#include "aws/sign.h"
#include "component/component.h"
#include "component/fetcher.h"

namespace invar::aws {

class CredentialSource {
 public:
  struct Given {
    Credentials credentials;
    std::string region;
  };
  using Done = std::move_only_function<void(Result<Given>)>;  // now or later

  // `sts`: the client that roles are asked for with.
  static Result<std::unique_ptr<CredentialSource>> make(const component::Options& options, Identity identity,
                                                        const http::ClientConfig& sts,
                                                        Environment environment);

  // Those of before until 5 minutes before they expire. A second get() drops the first.
  void get(Done done);
  void forget() { given_.reset(); }  // they were refused
  void cancel();

 private:
  using Then = std::move_only_function<void(const http::Response&)>;
  CredentialSource(const component::Options& options, Identity identity, std::unique_ptr<http::Client> sts,
                   std::unique_ptr<http::Client> metadata, Environment environment);

  void settled(Result<Settled> settled);
  void ask(component::Fetcher& fetcher, http::Request request, Then then);
  void ask_metadata(const std::string& path, Then then);
  void metadata_token(std::move_only_function<void()> then);
  void metadata_role();
  void ask_container();
  void take_json(const http::Response& response);
  void ask_sts(std::string form, bool sign_it, std::string_view action, std::move_only_function<void()> then);
  void with_keys();
  void with_region();
  void fail_with(Error error);

  async::Loop& loop_;
  async::WorkerPool& disk_pool_;
  const std::shared_ptr<fs::FileSystem> files_;
  const Identity identity_;
  const Environment environment_;
  component::Fetcher sts_, metadata_;

  std::optional<Given> given_;
  Settled settled_;
  Credentials working_;
  std::string metadata_token_;
  Done done_;
  std::unique_ptr<async::Alive> run_;  // of the get() under way
};

}  // namespace invar::aws
