// CloudIdentity: what a cloud says of the account or machine that Invar runs with, as the fields that Vault's login there takes.
// Errors:  a sentence with what was asked and why not. Secrets are in no message.
// Threads: loop thread only; files are read on the disk pool. Lifetime: the destructor, cancel() and another get() drop what is under way.
// Source:  Vault's API documentation of the auth methods AWS, Azure and Google Cloud. Spec: discovery.md 13a.
#pragma once

#include <functional>
#include <memory>

#include "component/component.h"
#include "components/remote/vault/login.h"

namespace invar::components::remote_vault {

using Environment = std::function<std::string(const char* name)>;  // "" = unset

class CloudIdentity {
 public:
  using Done = std::move_only_function<void(Result<Pairs>)>;  // now or later

  virtual ~CloudIdentity() = default;
  virtual void get(Done done) = 0;
  virtual void cancel() = 0;
};

// Null where the arguments name no cloud.
Result<std::unique_ptr<CloudIdentity>> make_cloud_identity(const component::Options& options,
                                                           const Arguments& arguments,
                                                           const Environment& environment);

}  // namespace invar::components::remote_vault
