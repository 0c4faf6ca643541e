#include "components/remote/vault/arguments.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "component/url_rule.h"
#include "component/whole_number.h"

namespace invar::components::remote_vault {
namespace {

Result<> check(const Arguments& arguments) {
  const int methods =
      static_cast<int>(arguments.token.has_value()) + static_cast<int>(arguments.approle.has_value()) +
      static_cast<int>(arguments.kubernetes.has_value()) + static_cast<int>(arguments.ldap.has_value()) +
      static_cast<int>(arguments.userpass.has_value()) + static_cast<int>(arguments.aws.has_value()) +
      static_cast<int>(arguments.azure.has_value()) + static_cast<int>(arguments.gcp.has_value()) +
      static_cast<int>(arguments.custom.has_value());
  if (methods == 0) return invalid("exactly one auth.* block must be specified; found none");
  if (methods > 1)
    return invalid(fmt::format("exactly one auth.* block must be specified; found {}", methods));
  if (arguments.reread_frequency < Duration::zero()) return invalid("reread_frequency must not be negative");
  const bool has_mount = arguments.path.find('/') != std::string::npos || !arguments.key.empty();
  if (!has_mount) return invalid("missing mount path in " + quote(arguments.path));
  return {};
}

Result<> check_options(const ClientOptions& options) {
  if (options.timeout <= Duration::zero()) return invalid("client_options.timeout must be greater than 0");
  if (options.min_retry_wait < Duration::zero())
    return invalid("client_options.min_retry_wait must not be negative");
  if (options.max_retry_wait && *options.max_retry_wait < options.min_retry_wait)
    return invalid("client_options.max_retry_wait must not be less than min_retry_wait");
  if (options.max_retries > 100) return invalid("client_options.max_retries must be at most 100");
  return {};
}

const syntax::Schema& options_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<ClientOptions>()
          .attribute("min_retry_wait", &ClientOptions::min_retry_wait,
                     "The least wait before another attempt.")
          .attribute(
              "max_retry_wait", &ClientOptions::max_retry_wait,
              "The longest wait before another attempt; the default is never less than `min_retry_wait`.")
          .default_text("\"1.5s\"")
          .attribute_with<component::WholeNumberCodec>("max_retries", &ClientOptions::max_retries,
                                                       "How many more attempts follow one that failed for "
                                                       "want of an answer or by an error of the server.")
          .attribute("timeout", &ClientOptions::timeout, "Time limit of one attempt.")
          .check(check_options)
          .build();
  return schema;
}

const syntax::Schema& token_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<TokenAuth>()
          .attribute("token", &TokenAuth::token, "The token.")
          .required()
          .valid([](const TokenAuth& auth) {
            return component::check_header("X-Vault-Token", auth.token.value);
          })
          .build();
  return schema;
}

const syntax::Schema& approle_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<AppRoleAuth>()
          .attribute("role_id", &AppRoleAuth::role_id, "Id of the role.")
          .required()
          .attribute("secret", &AppRoleAuth::secret, "Secret id.")
          .required()
          .attribute("wrapping_token", &AppRoleAuth::wrapping_token,
                     "Whether `secret` is a token that the secret id is wrapped in.")
          .attribute("mount_path", &AppRoleAuth::mount_path, "Where the method is mounted.")
          .build();
  return schema;
}

const syntax::Schema& kubernetes_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<KubernetesAuth>()
          .attribute("role", &KubernetesAuth::role, "Role to authenticate as.")
          .required()
          .attribute("service_account_file", &KubernetesAuth::service_account_file,
                     "File with the token of the service account.")
          .attribute("mount_path", &KubernetesAuth::mount_path, "Where the method is mounted.")
          .build();
  return schema;
}

template <class Auth>
syntax::Schema make_password_schema() {
  // The members are the base's: a pointer to one of them is converted to the block's own type.
  std::string Auth::* const username = &Auth::username;
  http::SecretText Auth::* const password = &Auth::password;
  std::string Auth::* const mount_path = &Auth::mount_path;
  return syntax::SchemaBuilder<Auth>()
      .attribute("username", username, "User name.")
      .required()
      .attribute("password", password, "Password.")
      .required()
      .attribute("mount_path", mount_path, "Where the method is mounted.")
      .build();
}

const syntax::Schema& ldap_schema() {
  static const syntax::Schema schema = make_password_schema<LdapAuth>();
  return schema;
}

const syntax::Schema& userpass_schema() {
  static const syntax::Schema schema = make_password_schema<UserPassAuth>();
  return schema;
}

constexpr std::string_view kAwsTypes[] = {"ec2", "iam"};
constexpr std::string_view kEc2Signatures[] = {"pkcs7", "identity"};
constexpr std::string_view kGcpTypes[] = {"gce", "iam"};

const syntax::Schema& aws_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<AwsAuth>()
          .attribute(
              "type", &AwsAuth::type,
              "How: `iam`, as what holds the credentials, or `ec2`, as the instance that Invar runs on.")
          .required()
          .valid([](const AwsAuth& auth) -> std::optional<syntax::DecodeError> {
            return component::check_choice(auth.type, "unknown type", kAwsTypes);
          })
          .attribute("region", &AwsAuth::region, "Region; an empty one is looked for where AWS' tools do.")
          .attribute("role", &AwsAuth::role, "Vault's role, where it is not the one of AWS' role's name.")
          .attribute("iam_server_id_header", &AwsAuth::iam_server_id_header,
                     "What Vault wants in the header `X-Vault-AWS-IAM-Server-ID`.")
          .attribute("ec2_signature_type", &AwsAuth::ec2_signature_type,
                     "With `ec2`, which signature of the instance: `pkcs7` or `identity`.")
          .valid([](const AwsAuth& auth) -> std::optional<syntax::DecodeError> {
            return component::check_choice(auth.ec2_signature_type, "unknown signature", kEc2Signatures);
          })
          .attribute("mount_path", &AwsAuth::mount_path, "Where the method is mounted.")
          .build();
  return schema;
}

const syntax::Schema& azure_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<AzureAuth>()
          .attribute("role", &AzureAuth::role, "Role to authenticate as.")
          .required()
          .attribute("resource_url", &AzureAuth::resource_url, "What the identity's token is for.")
          .attribute("mount_path", &AzureAuth::mount_path, "Where the method is mounted.")
          .build();
  return schema;
}

const syntax::Schema& gcp_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<GcpAuth>()
          .attribute("role", &GcpAuth::role, "Role to authenticate as.")
          .required()
          .attribute("type", &GcpAuth::type, "As what: a machine (`gce`) or a service account (`iam`).")
          .required()
          .valid([](const GcpAuth& auth) {
            return component::check_choice(auth.type, "unknown type", kGcpTypes);
          })
          .attribute("iam_service_account", &GcpAuth::iam_service_account,
                     "The service account, with `iam`: `name@project.iam.gserviceaccount.com`.")
          .attribute("mount_path", &GcpAuth::mount_path, "Where the method is mounted.")
          .check([](const GcpAuth& auth) -> Result<> {
            if (auth.type == "iam" && auth.iam_service_account.empty())
              return invalid("iam_service_account must be set with type = \"iam\"");
            return {};
          })
          .build();
  return schema;
}

const syntax::Schema& custom_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<CustomAuth>()
          .attribute("path", &CustomAuth::path, "Path to log in at: `auth/kubernetes/login`.")
          .required()
          .attribute("data", &CustomAuth::data, "What is sent there.")
          .required()
          .attribute("namespace", &CustomAuth::space, "Namespace to log in at, where it is another one.")
          .build();
  return schema;
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute_with<component::UrlCodec>("server", &Arguments::server, "URL of Vault.")
          .required()
          .valid([](const Arguments& arguments) {
            return component::check_server_url(arguments.server,
                                               {.example = "https://vault:8200", .query_allowed = false});
          })
          .attribute("namespace", &Arguments::space, "Namespace (Vault Enterprise).")
          .valid([](const Arguments& arguments) {
            return component::check_header("X-Vault-Namespace", arguments.space);
          })
          .attribute("path", &Arguments::path, "Path of the secret; with `key` that of its engine.")
          .required()
          .attribute("key", &Arguments::key, "Path of the secret below `path`.")
          .attribute("reread_frequency", &Arguments::reread_frequency,
                     "How often the secret is read; 0 reads it again when its lease ends.")
          .block("client_options", &Arguments::client_options, options_schema(), "How requests are made.")
          .block("auth.token", &Arguments::token, token_schema(), "Authenticates with a token.")
          .block("auth.approle", &Arguments::approle, approle_schema(), "Authenticates as an AppRole.")
          .block("auth.kubernetes", &Arguments::kubernetes, kubernetes_schema(),
                 "Authenticates as a service account of Kubernetes.")
          .block("auth.ldap", &Arguments::ldap, ldap_schema(), "Authenticates as a user of LDAP.")
          .block("auth.userpass", &Arguments::userpass, userpass_schema(),
                 "Authenticates with a user name and a password.")
          .block("auth.aws", &Arguments::aws, aws_schema(), "Authenticates as a role or user of AWS.")
          .block("auth.azure", &Arguments::azure, azure_schema(),
                 "Authenticates as the managed identity of a machine of Azure.")
          .block("auth.gcp", &Arguments::gcp, gcp_schema(),
                 "Authenticates as a machine or service account of Google Cloud.")
          .block("auth.custom", &Arguments::custom, custom_schema(), "Authenticates at any path.")
          .check(check)
          .build();
  return schema;
}

const syntax::Schema& exports_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Exports>()
          .attribute("data", &Exports::data, "The values by their keys; they are secrets.")
          .build();
  return schema;
}

}  // namespace invar::components::remote_vault
