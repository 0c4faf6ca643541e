// The arguments and exports that remote.kubernetes.secret and remote.kubernetes.configmap share. Spec: discovery.md 13.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::kube_shared {

struct DataClient {
  std::string api_server, kubeconfig_file;
  http::ClientConfig http;
  bool operator==(const DataClient&) const = default;
};

struct DataArguments {
  std::string space, name;  // space: `namespace`
  Duration poll_frequency = std::chrono::minutes(1);
  Duration poll_timeout = std::chrono::seconds(15);
  DataClient client;
  bool operator==(const DataArguments&) const = default;
};

struct DataExports {
  std::map<std::string, syntax::OptionalSecretText> data;
  bool operator==(const DataExports&) const = default;
};

const syntax::Schema& data_arguments_schema();
const syntax::Schema& data_exports_schema();

}  // namespace invar::kube_shared
