// The arguments of discovery.kubernetes. Spec: discovery.md 7, http-client.md 1.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::discovery_kubernetes {

enum class Role { kNode, kService, kPod, kEndpoints, kEndpointSlice, kIngress };
std::string_view to_string(Role role);

struct Namespaces {
  bool own_namespace = false;
  std::vector<std::string> names;
  bool operator==(const Namespaces&) const = default;
};

struct Selector {
  std::string role, label, field;
  bool operator==(const Selector&) const = default;
};

struct AttachMetadata {
  bool node = false;
  bool name_space = false;  // `namespace`
  bool operator==(const AttachMetadata&) const = default;
};

struct Arguments {
  std::string role;
  std::string api_server, kubeconfig_file;
  http::ClientConfig client;
  Namespaces namespaces;
  std::vector<Selector> selectors;
  AttachMetadata attach_metadata;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

// Of arguments that passed the schema.
Role role_of(const Arguments& arguments);

}  // namespace invar::components::discovery_kubernetes
