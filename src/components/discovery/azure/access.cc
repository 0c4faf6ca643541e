#include "components/discovery/azure/access.h"

#include <fmt/format.h>

namespace invar::components::discovery_azure {
namespace {

std::string login_of(const Arguments& arguments, const Environment& environment) {
  std::string login = environment("AZURE_AUTHORITY_HOST");
  if (login.empty()) login = find_cloud(arguments.environment)->login;
  while (login.ends_with('/')) login.pop_back();
  return login.find("://") == std::string::npos ? "https://" + login : login;
}

Result<Access> federated(std::string login, Federated identity) {
  const auto missing = [](const char* name) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("workload identity: the environment variable {} is not set", name));
  };
  if (identity.client_id.empty()) return missing("AZURE_CLIENT_ID");
  if (identity.tenant_id.empty()) return missing("AZURE_TENANT_ID");
  if (identity.token_file.empty()) return missing("AZURE_FEDERATED_TOKEN_FILE");
  return Access{std::move(login), std::move(identity)};
}

}  // namespace

Result<Access> choose_access(const Arguments& arguments, const Environment& environment) {
  if (arguments.oauth) return Access{std::string(find_cloud(arguments.environment)->login), *arguments.oauth};
  if (arguments.managed_identity) return Access{{}, *arguments.managed_identity};
  std::string login = login_of(arguments, environment);
  Federated pod{.tenant_id = environment("AZURE_TENANT_ID"),
                .client_id = environment("AZURE_CLIENT_ID"),
                .token_file = environment("AZURE_FEDERATED_TOKEN_FILE")};
  if (arguments.workload_identity) return federated(std::move(login), std::move(pod));
  if (const std::string secret = environment("AZURE_CLIENT_SECRET");
      !secret.empty() && !pod.client_id.empty() && !pod.tenant_id.empty()) {
    return Access{std::move(login),
                  OAuth{.client_id = pod.client_id, .tenant_id = pod.tenant_id, .client_secret = {secret}}};
  }
  if (!environment("AZURE_CLIENT_CERTIFICATE_PATH").empty()) {
    return fail(
        ErrorCode::kUnsupported,
        "sdk_auth: a certificate (AZURE_CLIENT_CERTIFICATE_PATH) is not understood; use AZURE_CLIENT_SECRET "
        "or a workload identity");
  }
  if (!arguments.sdk_auth->tenant_id.empty()) pod.tenant_id = arguments.sdk_auth->tenant_id;
  if (!pod.token_file.empty()) return federated(std::move(login), std::move(pod));
  return Access{{}, ManagedIdentity{.client_id = pod.client_id}};
}

}  // namespace invar::components::discovery_azure
