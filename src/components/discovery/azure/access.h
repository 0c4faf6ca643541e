// Who asks Azure, by the arguments and, where these leave it to the environment, by the variables that Azure's SDKs read. Pure.
// Source: Microsoft, "Azure authentication with the Azure Identity module for Go", for the variables and their order.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "components/discovery/azure/arguments.h"

namespace invar::components::discovery_azure {

using Environment = std::function<std::string(const char* name)>;  // "" = unset

struct Federated {  // a pod with a token of its cluster, which Azure takes for one of its own
  std::string tenant_id, client_id, token_file;
};
struct Access {
  std::string login;  // where tokens are, without a slash at its end
  std::variant<OAuth, ManagedIdentity, Federated>
      identity;  // a managed identity without a client id is the machine's own
};

// Errors: which variable is missing.
Result<Access> choose_access(const Arguments& arguments, const Environment& environment);

}  // namespace invar::components::discovery_azure
