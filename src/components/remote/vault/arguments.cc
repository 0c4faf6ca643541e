#include "components/remote/vault/arguments.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "component/http_client_schema.h"
#include "component/url_rule.h"
#include "component/whole_number.h"

namespace invar::components::remote_vault {
namespace {

std::unexpected<Error> invalid(std::string text) {
  return fail(ErrorCode::kInvalidArgument, std::move(text));
}

Result<> check(const Arguments& arguments) {
  const int methods =
      static_cast<int>(arguments.token.has_value()) + static_cast<int>(arguments.approle.has_value()) +
      static_cast<int>(arguments.kubernetes.has_value()) + static_cast<int>(arguments.ldap.has_value()) +
      static_cast<int>(arguments.userpass.has_value()) + static_cast<int>(arguments.custom.has_value());
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
  if (options.min_retry_wait < Duration::zero() || options.max_retry_wait < options.min_retry_wait)
    return invalid("client_options.max_retry_wait must not be less than min_retry_wait");
  if (options.max_retries > 100) return invalid("client_options.max_retries must be at most 100");
  return {};
}

const syntax::Schema& options_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<ClientOptions>()
          .attribute("min_retry_wait", &ClientOptions::min_retry_wait,
                     "The least wait before another attempt.")
          .attribute("max_retry_wait", &ClientOptions::max_retry_wait,
                     "The longest wait before another attempt.")
          .attribute_with<component::WholeNumberCodec>("max_retries", &ClientOptions::max_retries,
                                                       "How many more attempts follow one that failed for "
                                                       "want of an answer or by an error of the server.")
          .attribute("timeout", &ClientOptions::timeout, "Time limit of one attempt.")
          .check(check_options)
          .build();
  return schema;
}

const syntax::Schema& token_schema() {
  static const syntax::Schema schema = syntax::SchemaBuilder<TokenAuth>()
                                           .attribute("token", &TokenAuth::token, "The token.")
                                           .required()
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
