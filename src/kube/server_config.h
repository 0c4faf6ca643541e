// How to reach an API server: from the service account of the pod we run in, from a kubeconfig file, or as written in arguments.
// Errors:  a sentence that names the file, the context and what is missing. Secrets are in no message.
// Threads: any; load() reads files: on a pool. Spec: discovery.md 7; decision 22.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fs/filesystem.h"
#include "http/client.h"

namespace invar::kube {

// A program that prints credentials (client.authentication.k8s.io), as `exec` in a kubeconfig.
struct ExecPlugin {
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
};

struct ServerConfig {
  std::string url;  // without a slash at its end
  http::ClientConfig client;
  std::optional<ExecPlugin> exec;
  std::string space;  // the namespace of the pod, or of the kubeconfig's context; "" where none is named
};

// Where a ServerConfig comes from. Equal places may share connections.
struct ServerPlace {
  std::string kubeconfig_file;  // wins
  std::string url;              // then this, with `client`; else the cluster we run in
  http::ClientConfig client;
  bool operator==(const ServerPlace&) const = default;
  [[nodiscard]] std::string words()
      const;  // "the API server https://h:6443", "the cluster that this runs in" ...
};

using Environment = std::function<std::string(const char* name)>;  // "" = unset
Result<ServerConfig> load(const ServerPlace& place, fs::FileSystem& files, const Environment& environment);

// Pure. `folder`: of the file, to which its relative paths belong.
Result<ServerConfig> parse_kubeconfig(std::string_view text, const std::string& folder);

// What an exec plugin printed.
struct ExecCredential {
  http::SecretText token, key_pem;
  std::string certificate_pem;
  UnixNanos expires_unix_ns = 0;  // 0: never
};
Result<ExecCredential> parse_exec_credential(std::string_view text);

}  // namespace invar::kube
