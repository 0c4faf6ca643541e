#include "components/remote/vault/login.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "component/json_fields.h"
#include "json/writer.h"

namespace invar::components::remote_vault {
namespace {

using component::field;
using component::text_field;

constexpr std::uint64_t kLongestLease = 10ull * 365 * 24 * 3600;  // seconds

Duration lease_duration(const syntax::Value& object) {
  return std::chrono::seconds(
      std::min(parse_uint(text_field(object, "lease_duration")).value_or(0), kLongestLease));
}

std::string json_of(const Pairs& pairs) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (const auto& [name, value] : pairs) writer.field(name, value);
  writer.end_object();
  return text;
}

Api::Call post(std::string path, const Pairs& body) {
  return {.method = "POST", .path = std::move(path), .body = json_of(body), .token = {}, .space = {}};
}

Api::Call password_call(const PasswordAuth& auth) {
  return post(fmt::format("auth/{}/login/{}", auth.mount_path, http::path_escape(auth.username)),
              {{"password", auth.password.value}});
}

}  // namespace

std::string method_of(const Arguments& arguments) {
  if (arguments.token) return "auth.token";
  if (arguments.approle) return "auth.approle";
  if (arguments.kubernetes) return "auth.kubernetes";
  if (arguments.ldap) return "auth.ldap";
  if (arguments.aws) return "auth.aws";
  if (arguments.azure) return "auth.azure";
  if (arguments.gcp) return "auth.gcp";
  return arguments.userpass ? "auth.userpass" : "auth.custom";
}

std::optional<Api::Call> unwrap_call(const Arguments& arguments) {
  if (!arguments.approle || !arguments.approle->wrapping_token) return std::nullopt;
  return Api::Call{.method = "POST",
                   .path = "sys/wrapping/unwrap",
                   .body = {},
                   .token = arguments.approle->secret.value,
                   .space = {}};
}

Api::Call login_call(const Arguments& arguments, const std::string& text) {
  if (const auto& auth = arguments.approle) {
    return post(
        fmt::format("auth/{}/login", auth->mount_path),
        {{"role_id", auth->role_id}, {"secret_id", auth->wrapping_token ? text : auth->secret.value}});
  }
  if (const auto& auth = arguments.kubernetes)
    return post(fmt::format("auth/{}/login", auth->mount_path),
                {{"jwt", std::string(trim_space(text))}, {"role", auth->role}});
  if (arguments.ldap) return password_call(*arguments.ldap);
  if (arguments.userpass) return password_call(*arguments.userpass);
  const CustomAuth& custom = *arguments.custom;
  Pairs data;
  for (const auto& [name, value] : custom.data) data.emplace_back(name, value.value);
  Api::Call call = post(custom.path, data);
  call.space = custom.space;
  return call;
}

Api::Call cloud_login_call(const Arguments& arguments, const Pairs& identity) {
  const std::string& mount = arguments.aws     ? arguments.aws->mount_path
                             : arguments.azure ? arguments.azure->mount_path
                                               : arguments.gcp->mount_path;
  return post(fmt::format("auth/{}/login", mount), identity);
}

Result<Login> read_login(const syntax::Value& answer) {
  const syntax::Value& auth = field(answer, "auth");
  Login login{.token = text_field(auth, "client_token"),
              .lease = lease_duration(auth),
              .renewable = text_field(auth, "renewable") == "true"};
  if (login.token.empty()) return fail(ErrorCode::kDataLoss, "Vault answered without a token");
  return login;
}

Lease read_lease(const syntax::Value& answer) {
  return {.id = text_field(answer, "lease_id"),
          .duration = lease_duration(answer),
          .renewable = text_field(answer, "renewable") == "true"};
}

Api::Call renewal_call(const Lease& lease, const std::string& token) {
  std::string body;
  json::Writer(body)
      .begin_object()
      .field("lease_id", lease.id)
      .field("increment", std::chrono::duration_cast<std::chrono::seconds>(lease.duration).count())
      .end_object();
  return {.method = "PUT", .path = "sys/leases/renew", .body = std::move(body), .token = token, .space = {}};
}

}  // namespace invar::components::remote_vault
