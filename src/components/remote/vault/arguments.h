// The arguments and exports of remote.vault. Spec: discovery.md 13a.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::remote_vault {

struct TokenAuth {
  http::SecretText token;
  bool operator==(const TokenAuth&) const = default;
};
struct AppRoleAuth {
  std::string role_id;
  http::SecretText secret;
  bool wrapping_token = false;  // `secret` is a token that the secret id is wrapped in
  std::string mount_path = "approle";
  bool operator==(const AppRoleAuth&) const = default;
};
struct KubernetesAuth {
  std::string role;
  std::string service_account_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  std::string mount_path = "kubernetes";
  bool operator==(const KubernetesAuth&) const = default;
};
struct PasswordAuth {
  std::string username;
  http::SecretText password;
  std::string mount_path;
  bool operator==(const PasswordAuth&) const = default;
};
struct LdapAuth : PasswordAuth {
  LdapAuth() { mount_path = "ldap"; }
  bool operator==(const LdapAuth&) const = default;
};
struct UserPassAuth : PasswordAuth {
  UserPassAuth() { mount_path = "userpass"; }
  bool operator==(const UserPassAuth&) const = default;
};
struct AwsAuth {
  std::string type;  // "ec2", "iam"
  std::string region = "us-east-1";
  std::string role, iam_server_id_header;
  std::string ec2_signature_type = "pkcs7";  // or "identity"
  std::string mount_path = "aws";
  bool operator==(const AwsAuth&) const = default;
};
struct AzureAuth {
  std::string role;
  std::string resource_url = "https://management.azure.com/";
  std::string mount_path = "azure";
  bool operator==(const AzureAuth&) const = default;
};
struct GcpAuth {
  std::string role;
  std::string type;  // "gce", "iam"
  std::string iam_service_account;
  std::string mount_path = "gcp";
  bool operator==(const GcpAuth&) const = default;
};
struct CustomAuth {
  std::string path;
  std::map<std::string, http::SecretText> data;
  std::string space;  // `namespace`
  bool operator==(const CustomAuth&) const = default;
};

struct ClientOptions {
  Duration min_retry_wait = std::chrono::milliseconds(1000);
  std::optional<Duration> max_retry_wait;  // none: 1.5s, and never less than min_retry_wait
  std::uint64_t max_retries = 2;
  Duration timeout = std::chrono::seconds(60);
  [[nodiscard]] Duration longest_wait() const {
    return max_retry_wait.value_or(std::max<Duration>(min_retry_wait, std::chrono::milliseconds(1500)));
  }
  bool operator==(const ClientOptions&) const = default;
};

struct Arguments {
  std::string server, space, path, key;  // space: `namespace`
  Duration reread_frequency{};           // 0: when the lease ends
  ClientOptions client_options;
  std::optional<TokenAuth> token;  // exactly one of these
  std::optional<AppRoleAuth> approle;
  std::optional<KubernetesAuth> kubernetes;
  std::optional<LdapAuth> ldap;
  std::optional<UserPassAuth> userpass;
  std::optional<AwsAuth> aws;
  std::optional<AzureAuth> azure;
  std::optional<GcpAuth> gcp;
  std::optional<CustomAuth> custom;
  bool operator==(const Arguments&) const = default;
};

struct Exports {
  std::map<std::string, http::SecretText> data;
  bool operator==(const Exports&) const = default;
};

const syntax::Schema& arguments_schema();
const syntax::Schema& exports_schema();

}  // namespace invar::components::remote_vault
