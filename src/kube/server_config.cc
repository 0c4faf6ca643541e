#include "kube/server_config.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "http/url.h"

namespace invar::kube {
namespace {

constexpr std::uint64_t kMaxFileBytes = 4u << 20;
constexpr std::string_view kAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";

Result<std::string> read_file(fs::FileSystem& files, const std::string& path) {
  auto text = files.read_file(path, kMaxFileBytes);
  if (!text) return std::unexpected(text.error());
  return *std::move(text);
}

Result<ServerConfig> in_cluster(fs::FileSystem& files, const Environment& environment) {
  const std::string host = environment("KUBERNETES_SERVICE_HOST");
  const std::string port = environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT "
        "must be defined; outside of a cluster write kubeconfig_file or api_server");
  }
  const std::string account(kAccount);
  ServerConfig config;
  config.url = "https://" + http::join_host_port(host, port);
  const std::string token = account + "token";
  if (auto stat = files.stat(token); !stat) {
    return std::unexpected(stat.error().wrapped("unable to read the token of the service account"));
  }
  config.client.authorization =
      http::Authorization{.type = "Bearer", .credentials_file = token, .credentials = {}};
  if (files.stat(account + "ca.crt")) {
    config.client.tls.emplace();
    config.client.tls->ca_file = account + "ca.crt";
  }
  if (const auto space = read_file(files, account + "namespace")) config.space = trim_space(*space);
  return config;
}

std::string without_last_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

std::string ServerPlace::words() const {
  if (!kubeconfig_file.empty()) return "the API server of " + kubeconfig_file;
  if (!url.empty()) return "the API server " + http::redact_url(url);
  return "the API server of the cluster";
}

Result<ServerConfig> load(const ServerPlace& place, fs::FileSystem& files, const Environment& environment) {
  if (!place.kubeconfig_file.empty()) {
    INVAR_ASSIGN_OR_RETURN(const std::string text, read_file(files, place.kubeconfig_file));
    const auto slash = place.kubeconfig_file.rfind('/');
    const std::string folder =
        slash == std::string::npos ? "" : place.kubeconfig_file.substr(0, std::max<std::size_t>(slash, 1));
    auto config = parse_kubeconfig(text, folder);
    if (!config) return std::unexpected(config.error().wrapped(place.kubeconfig_file));
    config->url = without_last_slash(config->url);
    return config;
  }
  if (place.url.empty()) return in_cluster(files, environment);
  ServerConfig config;
  config.url = without_last_slash(place.url);
  config.client = place.client;
  return config;
}

}  // namespace invar::kube
