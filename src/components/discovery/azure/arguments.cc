#include "components/discovery/azure/arguments.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "component/whole_number.h"

namespace invar::components::discovery_azure {
namespace {

Result<> check(const Arguments& arguments) {
  const auto invalid = [](std::string text) { return fail(ErrorCode::kInvalidArgument, std::move(text)); };
  if (arguments.subscription_id.empty()) return invalid("azure SD configuration requires a subscription_id");
  const int ways = static_cast<int>(arguments.oauth.has_value()) +
                   static_cast<int>(arguments.managed_identity.has_value()) +
                   static_cast<int>(arguments.sdk_auth.has_value()) +
                   static_cast<int>(arguments.workload_identity.has_value());
  if (ways != 1)
    return invalid(
        "exactly one of the blocks oauth, managed_identity, sdk_auth and workload_identity must be "
        "specified");
  if (arguments.refresh_interval <= Duration::zero())
    return invalid("refresh_interval must be greater than 0");
  if (arguments.port > 65535) return invalid("port must be at most 65535");
  const http::ClientConfig& client = arguments.client;
  if (client.basic_auth || client.authorization || client.oauth2 || !client.bearer_token.value.empty() ||
      !client.bearer_token_file.empty())
    return invalid(
        "requests to Azure are authorized by a block of their own: they cannot have another authorization");
  return {};
}

const syntax::Schema& oauth_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<OAuth>()
          .attribute("client_id", &OAuth::client_id, "Id of the application.")
          .required()
          .attribute("tenant_id", &OAuth::tenant_id, "Id of the tenant (directory) of the application.")
          .required()
          .attribute("client_secret", &OAuth::client_secret, "Secret of the application.")
          .required()
          .build();
  return schema;
}

const syntax::Schema& managed_identity_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<ManagedIdentity>()
          .attribute("client_id", &ManagedIdentity::client_id, "Id of the managed identity.")
          .required()
          .build();
  return schema;
}

const syntax::Schema& sdk_auth_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<SdkAuth>()
          .attribute("tenant_id", &SdkAuth::tenant_id,
                     "Id of the tenant of a workload identity, instead of `AZURE_TENANT_ID`.")
          .build();
  return schema;
}

const syntax::Schema& workload_identity_schema() {
  static const syntax::Schema schema = syntax::SchemaBuilder<WorkloadIdentity>().build();
  return schema;
}

}  // namespace

const Cloud* find_cloud(std::string_view environment) {
  struct Named {
    std::string_view name;
    Cloud cloud;
  };
  static constexpr Cloud kPublic = {"https://login.microsoftonline.com", "https://management.azure.com",
                                    "https://management.azure.com"};
  static constexpr Cloud kGovernment = {"https://login.microsoftonline.us",
                                        "https://management.usgovcloudapi.net",
                                        "https://management.core.usgovcloudapi.net"};
  static constexpr Cloud kChina = {"https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn",
                                   "https://management.core.chinacloudapi.cn"};
  static constexpr std::array<Named, 6> kClouds = {{{"azurecloud", kPublic},
                                                    {"azurepubliccloud", kPublic},
                                                    {"azuregermancloud", kPublic},
                                                    {"azureusgovernment", kGovernment},
                                                    {"azureusgovernmentcloud", kGovernment},
                                                    {"azurechinacloud", kChina}}};
  const auto* found = std::ranges::find(kClouds, std::string_view(to_lower_ascii(environment)), &Named::name);
  return found == kClouds.end() ? nullptr : &found->cloud;
}

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("environment", &Arguments::environment,
                     "Which Azure: `AzurePublicCloud`, `AzureChinaCloud` or `AzureUSGovernment`.")
          .valid([](const Arguments& arguments) -> std::optional<syntax::DecodeError> {
            constexpr std::array<std::string_view, 3> kNames = {"AzurePublicCloud", "AzureChinaCloud",
                                                                "AzureUSGovernment"};
            if (find_cloud(arguments.environment) != nullptr) return std::nullopt;
            return component::check_choice(arguments.environment, "unknown cloud", kNames);
          })
          .attribute("subscription_id", &Arguments::subscription_id,
                     "Subscription whose machines are listed.")
          .attribute_with<component::WholeNumberCodec>("port", &Arguments::port,
                                                       "Port of the addresses of the targets.")
          .attribute("refresh_interval", &Arguments::refresh_interval, "How often the machines are listed.")
          .block("oauth", &Arguments::oauth, oauth_schema(), "Authenticates as an application.")
          .block("managed_identity", &Arguments::managed_identity, managed_identity_schema(),
                 "Authenticates as a managed identity of the machine that Invar runs on.")
          .block("sdk_auth", &Arguments::sdk_auth, sdk_auth_schema(),
                 "Authenticates as whoever the environment names, as Azure's SDKs do by default.")
          .block("workload_identity", &Arguments::workload_identity, workload_identity_schema(),
                 "Authenticates as the workload identity of the pod that Invar runs in.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_azure
