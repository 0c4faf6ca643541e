// The arguments of discovery.azure. Spec: discovery.md 11f, http-client.md 1.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_azure {

struct OAuth {
  std::string client_id, tenant_id;
  http::SecretText client_secret;
  bool operator==(const OAuth&) const = default;
};

struct ManagedIdentity {
  std::string client_id;
  bool operator==(const ManagedIdentity&) const = default;
};

struct SdkAuth {
  std::string tenant_id;
  bool operator==(const SdkAuth&) const = default;
};

struct WorkloadIdentity {
  bool operator==(const WorkloadIdentity&) const = default;
};

struct Arguments {
  std::string environment = "AzurePublicCloud";
  std::string subscription_id;
  std::uint64_t port = 80;
  Duration refresh_interval = std::chrono::minutes(5);
  std::optional<OAuth> oauth;  // exactly one of these
  std::optional<ManagedIdentity> managed_identity;
  std::optional<SdkAuth> sdk_auth;
  std::optional<WorkloadIdentity> workload_identity;
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

// Where a cloud is: of tokens, of its resources, and what the tokens are for. Null: there is no cloud of this name (in any case).
struct Cloud {
  std::string_view login, resources, audience;
};
const Cloud* find_cloud(std::string_view environment);

}  // namespace invar::components::discovery_azure
