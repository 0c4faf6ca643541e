// How each auth.* block logs in: one request, or for a wrapped secret id two. Pure; what a service account's file and a cloud say is
// got by others (vault.cc, cloud.h). Spec: discovery.md 13a.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "components/remote/vault/api.h"

namespace invar::components::remote_vault {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // the fields of a JSON object

// "auth.approle"
std::string method_of(const Arguments& arguments);

// What unwraps the secret id; nullopt where it is not wrapped.
std::optional<Api::Call> unwrap_call(const Arguments& arguments);

// `text`: the unwrapped secret id, or the content of the service account's file. Not for auth.token and the clouds.
Api::Call login_call(const Arguments& arguments, const std::string& text);
Api::Call cloud_login_call(const Arguments& arguments, const Pairs& identity);

// What a login gave.
struct Login {
  std::string token;
  Duration lease{};  // 0: for ever
  bool renewable = false;
};
Result<Login> read_login(const syntax::Value& answer);

// How long a secret is good for; one with an id was made for whoever asked, and ends with its lease.
struct Lease {
  std::string id;
  Duration duration{};  // 0: for ever
  bool renewable = false;
};
Lease read_lease(const syntax::Value& answer);
Api::Call renewal_call(const Lease& lease, const std::string& token);

}  // namespace invar::components::remote_vault
