// The components that export the data of one object of a Kubernetes API: what remote.kubernetes.secret and .configmap are.
// Threads: loop thread only. Spec: discovery.md 13.
#pragma once

#include <string>
#include <string_view>

#include "component/component.h"
#include "kube_shared/data_arguments.h"

namespace invar::kube_shared {

struct DataKind {
  std::string_view plural;  // "secrets"
  std::string_view works;   // "got secret"
  bool secret = false;      // its values are secrets, and base64
};

// Completes a registration that has name, summary and documentation.
component::Registration data_registration(component::Registration registration, const DataKind& kind);

// What an answer says. Pure. Errors: an answer that is no such object.
Result<DataExports> read_data(std::string_view json, const DataKind& kind);

}  // namespace invar::kube_shared
