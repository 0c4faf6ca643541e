// The kubeconfig format and the answers of its exec plugins, which are JSON and so YAML, too.
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/strings.h"
#include "codec/base64.h"
#include "kube/server_config.h"

namespace invar::kube {
namespace {

std::string text_of(const YAML::Node& node, const char* key) {
  if (!node || !node.IsMap()) return "";
  const YAML::Node value = node[key];
  return value && value.IsScalar() ? value.Scalar() : "";
}

bool flag_of(const YAML::Node& node, const char* key) {
  return text_of(node, key) == "true";
}

// The entry of a list of {name: ..., <what>: {...}}.
Result<YAML::Node> entry_of(const YAML::Node& list, const std::string& name, const char* what) {
  if (list && list.IsSequence()) {
    for (const auto& entry : list) {
      if (text_of(entry, "name") == name && entry[what] && entry[what].IsMap()) return entry[what];
    }
  }
  return invalid(fmt::format("it has no {} {}", what, quote(name)));
}

// A file as written, or relative to the kubeconfig's folder.
std::string in_folder(std::string path, const std::string& folder) {
  if (path.empty() || path.starts_with('/') || folder.empty()) return path;
  return folder + "/" + path;
}

Result<std::string> inline_pem(const YAML::Node& node, const char* key) {
  std::string text = text_of(node, key);
  std::erase(text, ' ');
  if (text.empty()) return text;
  auto decoded = codec::from_base64(text);
  if (!decoded) return invalid(fmt::format("its {} is not base64", key));
  return *std::move(decoded);
}

Result<> read_cluster(const YAML::Node& cluster, const std::string& folder, ServerConfig& config) {
  config.url = text_of(cluster, "server");
  if (config.url.empty()) return invalid("its cluster has no server");
  config.client.proxy.proxy_url = text_of(cluster, "proxy-url");
  http::TlsConfig& tls = config.client.tls.emplace();
  INVAR_ASSIGN_OR_RETURN(tls.ca_pem, inline_pem(cluster, "certificate-authority-data"));
  if (tls.ca_pem.empty()) tls.ca_file = in_folder(text_of(cluster, "certificate-authority"), folder);
  tls.insecure_skip_verify = flag_of(cluster, "insecure-skip-tls-verify");
  tls.server_name = text_of(cluster, "tls-server-name");
  return {};
}

// What a plugin may want to know: KUBERNETES_EXEC_INFO.
std::string exec_info(const std::string& version, const YAML::Node& cluster, bool with_cluster) {
  YAML::Emitter out;
  out << YAML::DoubleQuoted << YAML::Flow << YAML::BeginMap;
  out << YAML::Key << "kind" << YAML::Value << "ExecCredential" << YAML::Key << "apiVersion" << YAML::Value
      << version;
  out << YAML::Key << "spec" << YAML::Value << YAML::BeginMap;
  if (with_cluster) {
    out << YAML::Key << "cluster" << YAML::Value << YAML::BeginMap;
    for (const char* key : {"server", "certificate-authority-data", "tls-server-name", "proxy-url"}) {
      if (const auto value = text_of(cluster, key); !value.empty())
        out << YAML::Key << key << YAML::Value << value;
    }
    out << YAML::EndMap;
  }
  // Plain words of JSON have no quotes.
  out << YAML::Key << "interactive" << YAML::Value << YAML::TrueFalseBool << YAML::LowerCase << false;
  out << YAML::EndMap << YAML::EndMap;
  return out.c_str();
}

Result<ExecPlugin> read_exec(const YAML::Node& exec, const YAML::Node& cluster, const std::string& folder) {
  ExecPlugin plugin;
  const std::string command = text_of(exec, "command");
  if (command.empty()) return invalid("its exec plugin has no command");
  // A name is looked up in PATH; a path with a slash belongs to the kubeconfig's folder.
  plugin.arguments.push_back(command.find('/') == std::string::npos ? command : in_folder(command, folder));
  if (const YAML::Node args = exec["args"]; args && args.IsSequence()) {
    for (const auto& argument : args) plugin.arguments.push_back(argument.Scalar());
  }
  if (const YAML::Node variables = exec["env"]; variables && variables.IsSequence()) {
    for (const auto& variable : variables) {
      plugin.environment.emplace_back(text_of(variable, "name"), text_of(variable, "value"));
    }
  }
  plugin.environment.emplace_back("KUBERNETES_EXEC_INFO", exec_info(text_of(exec, "apiVersion"), cluster,
                                                                    flag_of(exec, "provideClusterInfo")));
  return plugin;
}

Result<> read_user(const YAML::Node& user, const YAML::Node& cluster, const std::string& folder,
                   ServerConfig& config) {
  http::TlsConfig& tls = *config.client.tls;
  INVAR_ASSIGN_OR_RETURN(tls.cert_pem, inline_pem(user, "client-certificate-data"));
  if (tls.cert_pem.empty()) tls.cert_file = in_folder(text_of(user, "client-certificate"), folder);
  INVAR_ASSIGN_OR_RETURN(tls.key_pem.value, inline_pem(user, "client-key-data"));
  if (tls.key_pem.value.empty()) tls.key_file = in_folder(text_of(user, "client-key"), folder);
  // As kubectl does: the file before the text beside it.
  const std::string token = text_of(user, "token");
  const std::string token_file = in_folder(text_of(user, "tokenFile"), folder);
  if (!token_file.empty() || !token.empty()) {
    auto& authorization = config.client.authorization.emplace();
    authorization.type = "Bearer";
    authorization.credentials_file = token_file;
    if (token_file.empty()) authorization.credentials.value = token;
  } else if (const std::string name = text_of(user, "username"); !name.empty()) {
    config.client.basic_auth = http::BasicAuth{name, "", {text_of(user, "password")}};
  }
  if (const YAML::Node exec = user["exec"]; exec && exec.IsMap()) {
    INVAR_ASSIGN_OR_RETURN(config.exec, read_exec(exec, cluster, folder));
  } else if (user["auth-provider"]) {
    return invalid("its user has an auth-provider, which Kubernetes removed in 1.26; write an exec plugin");
  }
  return {};
}

Result<ServerConfig> read_kubeconfig(const YAML::Node& root, const std::string& folder) {
  const std::string context_name = text_of(root, "current-context");
  if (context_name.empty()) return invalid("it has no current-context");
  INVAR_ASSIGN_OR_RETURN(const YAML::Node context, entry_of(root["contexts"], context_name, "context"));
  INVAR_ASSIGN_OR_RETURN(const YAML::Node cluster,
                         entry_of(root["clusters"], text_of(context, "cluster"), "cluster"));
  ServerConfig config;
  config.space = text_of(context, "namespace");
  INVAR_TRY(read_cluster(cluster, folder, config));
  if (const std::string user_name = text_of(context, "user"); !user_name.empty()) {
    INVAR_ASSIGN_OR_RETURN(const YAML::Node user, entry_of(root["users"], user_name, "user"));
    INVAR_TRY(read_user(user, cluster, folder, config));
  }
  return config;
}

// Runs `read` over the document; yaml-cpp's exceptions end here.
template <class Read>
auto with_document(std::string_view text, Read read) -> decltype(read(YAML::Node())) {
  try {
    return read(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& error) {
    return invalid(fmt::format("line {}: {}", error.mark.line + 1, error.msg));
  }
}

Result<ExecCredential> read_credential(const YAML::Node& root) {
  const YAML::Node status = root.IsMap() ? root["status"] : YAML::Node();
  if (!status || !status.IsMap()) return invalid("it printed no ExecCredential with a status");
  ExecCredential credential;
  credential.token.value = text_of(status, "token");
  credential.certificate_pem = text_of(status, "clientCertificateData");
  credential.key_pem.value = text_of(status, "clientKeyData");
  if (credential.token.value.empty() && credential.certificate_pem.empty()) {
    return invalid("it printed neither a token nor a certificate");
  }
  if (const std::string expiry = text_of(status, "expirationTimestamp"); !expiry.empty()) {
    const auto when = parse_rfc3339(expiry);
    if (!when) return invalid(fmt::format("its expirationTimestamp {} is no time", quote(expiry)));
    credential.expires_unix_ns = *when;
  }
  return credential;
}

}  // namespace

Result<ServerConfig> parse_kubeconfig(std::string_view text, const std::string& folder) {
  return with_document(text, [&](const YAML::Node& root) -> Result<ServerConfig> {
    if (!root.IsMap()) return invalid("it is no kubeconfig");
    return read_kubeconfig(root, folder);
  });
}

Result<ExecCredential> parse_exec_credential(std::string_view text) {
  return with_document(text, [](const YAML::Node& root) { return read_credential(root); });
}

}  // namespace invar::kube
