// The arguments of the import blocks.
// Threads: any; pure. Spec: modules.md 3.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "component/http_client_schema.h"
#include "syntax/schema.h"

namespace invar::runtime {

struct ImportFileArguments {
  std::string filename;
  std::string detector = "fsnotify";
  Duration poll_frequency = std::chrono::minutes(1);
  bool operator==(const ImportFileArguments&) const = default;
};

struct ImportStringArguments {
  syntax::OptionalSecretText content;
  bool operator==(const ImportStringArguments&) const = default;
};

struct ImportHttpArguments {
  std::string url, method = "GET";
  std::map<std::string, std::string> headers;
  std::string body;
  Duration poll_frequency = std::chrono::minutes(1);
  Duration poll_timeout = std::chrono::seconds(10);
  http::ClientConfig client;
  bool operator==(const ImportHttpArguments&) const = default;
};

struct GitBasicAuth {
  std::string username;
  http::SecretText password;
  bool operator==(const GitBasicAuth&) const = default;
};
struct GitSshKey {
  std::string username;
  http::SecretText key;
  std::string key_file;
  http::SecretText passphrase;
  bool operator==(const GitSshKey&) const = default;
};
struct ImportGitArguments {
  std::string repository, revision, path;  // no revision: the repository's own default branch
  Duration pull_frequency = std::chrono::minutes(1);
  std::optional<GitBasicAuth> basic_auth;
  std::optional<GitSshKey> ssh_key;
  bool operator==(const ImportGitArguments&) const = default;
};

// As git has it: what begins with a slash begins at the root of the repository. Errors: it leads out.
Result<std::string> path_in_repository(std::string_view path);

// By the name of the block, "import.file"; null for any other.
const syntax::Schema* import_schema(std::string_view block_name);

}  // namespace invar::runtime
