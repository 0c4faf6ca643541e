#include "app/cluster_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/strings.h"
#include "http/client.h"
#include "http/url.h"

namespace invar::app {
namespace {

constexpr const char* kGroup = "Clustering";
constexpr std::size_t kLongestName = 255;  // a byte says how long it is
constexpr Duration kShortestLease = std::chrono::seconds(5);
constexpr Duration kLongestLease = std::chrono::minutes(10);

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string_view part : split(text, ',')) {
    if (const auto trimmed = trim_space(part); !trimmed.empty()) out.emplace_back(trimmed);
  }
  return out;
}

std::unexpected<Error> bad_value(const std::string& value, const char* flag, const std::string& why) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("invalid argument {} for \"{}\" flag: {}", quote(value), flag, why));
}

Result<Duration> duration_of(const std::string& value, const char* flag) {
  const auto duration = parse_duration(value);
  if (!duration) return bad_value(value, flag, duration.error().message);
  if (*duration < Duration::zero()) return bad_value(value, flag, "must not be negative");
  return std::min(*duration, kForever);
}

Result<std::size_t> number_of(const std::string& value, const char* flag) {
  const auto number = parse_uint(value);
  if (!number)
    return bad_value(value, flag, fmt::format("strconv.ParseInt: parsing {}: invalid syntax", quote(value)));
  return *number;
}

// With its port.
Result<std::string> etcd_endpoint(const std::string& text) {
  const auto bad = [&](const std::string& why) {
    return bad_value(http::redact_url(text), "--cluster.etcd.endpoints", why);
  };
  const auto url = http::parse_url(text);
  if (!url) return bad(url.error().message);
  if ((url->scheme != "http" && url->scheme != "https") || url->host.empty())
    return bad("must be http://host:port or https://host:port");
  if (!url->user_info.empty()) return bad("give the user with --cluster.etcd.user");
  if (url->path.size() > 1 || !url->query.empty() || !url->fragment.empty())
    return bad("must end with the port");
  return url->scheme + "://" + http::join_host_port(url->host, url->port.empty() ? "2379" : url->port);
}

Result<> check_etcd(const RawClusterFlags& raw, ClusterOptions& options) {
  EtcdOptions& etcd = options.etcd;
  for (const std::string& text : list_of(raw.etcd_endpoints)) {
    INVAR_ASSIGN_OR_RETURN(std::string endpoint, etcd_endpoint(text));
    etcd.endpoints.push_back(std::move(endpoint));
  }
  INVAR_ASSIGN_OR_RETURN(etcd.lease, duration_of(raw.etcd_lease, "--cluster.etcd.lease"));
  if (etcd.lease < kShortestLease || etcd.lease > kLongestLease)
    return bad_value(raw.etcd_lease, "--cluster.etcd.lease", "must be between 5s and 10m");
  if (etcd.user.empty() != etcd.password_file.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--cluster.etcd.user and --cluster.etcd.password-file are given together or not at all");
  }
  if (options.engine == ClusterEngine::kGossip) {
    if (etcd.endpoints.empty()) return {};
    return fail(ErrorCode::kInvalidArgument, "--cluster.etcd.endpoints needs --cluster.engine=etcd");
  }
  if (etcd.endpoints.empty())
    return fail(ErrorCode::kInvalidArgument, "--cluster.engine=etcd needs --cluster.etcd.endpoints");
  if (!options.join_addresses.empty() || !raw.discover_peers.empty()) {
    return fail(
        ErrorCode::kInvalidArgument,
        "--cluster.join-addresses and --cluster.discover-peers are for --cluster.engine=gossip: with etcd "
        "the nodes find each other there");
  }
  return {};
}

}  // namespace

void add_cluster_flags(CLI::App& command, RawClusterFlags& raw) {
  ClusterOptions& options = raw.options;
  const auto text = [&](const char* name, std::string& value, const char* help) {
    command.add_option(name, value, help)->take_last()->capture_default_str()->group(kGroup);
  };
  command.add_flag("--cluster.enabled", options.enabled, "Share the work with other nodes")->group(kGroup);
  text("--cluster.node-name", options.node_name,
       "Name of this node, unique in the cluster; default: the host's name");
  text("--cluster.advertise-address", options.advertise_address,
       "Address that the other nodes reach this one at");
  text("--cluster.advertise-interfaces", raw.advertise_interfaces,
       "Interfaces among whose addresses that is found; all = every one");
  text("--cluster.join-addresses", raw.join_addresses, "Nodes to join: addresses, or names that DNS knows");
  text("--cluster.discover-peers", raw.discover_peers,
       "Accepted without effect: Invar asks no cloud for nodes, --cluster.join-addresses takes DNS names");
  text("--cluster.rejoin-interval", raw.rejoin_interval, "How often nodes are joined again; 0 = never");
  text("--cluster.max-join-peers", raw.max_join_peers, "How many nodes are joined at a time; 0 = all");
  text("--cluster.name", options.name, "Nodes of another name cannot join");
  text("--cluster.secret-file", options.secret_file,
       "File with a secret that all nodes have to know; Alloy's nodes cannot");
  command.add_flag("--cluster.enable-tls", options.tls, "Speak TLS to the other nodes")->group(kGroup);
  text("--cluster.tls-ca-path", options.tls_ca_path,
       "Certificates of the authorities that sign for the other nodes");
  text("--cluster.tls-cert-path", options.tls_cert_path, "Certificate of this node towards the others");
  text("--cluster.tls-key-path", options.tls_key_path, "Its key");
  text("--cluster.tls-server-name", options.tls_server_name, "Name that the others' certificates are for");
  text("--cluster.wait-for-size", raw.wait_for_size, "Nodes that have to be there before work begins");
  text("--cluster.wait-timeout", raw.wait_timeout, "How long that is waited for; 0 = for ever");
  text("--cluster.engine", raw.engine, "How nodes find each other and agree: gossip (as Alloy's do) or etcd");
  text("--cluster.balance", raw.balance,
       "How targets are shared out: by the ring (as Alloy does), or by their cost, if all nodes are Invar's "
       "and say so");
  text("--cluster.etcd.endpoints", raw.etcd_endpoints,
       "URLs of the members of an etcd, such as https://etcd-0:2379");
  text("--cluster.etcd.user", options.etcd.user, "User of etcd; none where its authentication is off");
  text("--cluster.etcd.password-file", options.etcd.password_file, "File with that user's password");
  text("--cluster.etcd.lease", raw.etcd_lease,
       "How long a node that died keeps its part of the work, and one without etcd goes on, at most");
  text("--cluster.etcd.tls-ca-path", options.etcd.tls_ca_path,
       "Certificates of the authorities that sign for etcd; default: the system's");
  text("--cluster.etcd.tls-cert-path", options.etcd.tls_cert_path, "Certificate of this node towards etcd");
  text("--cluster.etcd.tls-key-path", options.etcd.tls_key_path, "Its key");
  text("--cluster.etcd.tls-server-name", options.etcd.tls_server_name,
       "Name that etcd's certificates are for");
}

Result<ClusterOptions> checked_cluster_options(const RawClusterFlags& raw) {
  ClusterOptions options = raw.options;
  options.advertise_interfaces = list_of(raw.advertise_interfaces);
  options.join_addresses = list_of(raw.join_addresses);
  INVAR_ASSIGN_OR_RETURN(options.rejoin_interval,
                         duration_of(raw.rejoin_interval, "--cluster.rejoin-interval"));
  INVAR_ASSIGN_OR_RETURN(options.wait_timeout, duration_of(raw.wait_timeout, "--cluster.wait-timeout"));
  INVAR_ASSIGN_OR_RETURN(options.max_join_peers, number_of(raw.max_join_peers, "--cluster.max-join-peers"));
  INVAR_ASSIGN_OR_RETURN(options.wait_for_size, number_of(raw.wait_for_size, "--cluster.wait-for-size"));
  if (options.name.size() > kLongestName)
    return bad_value(options.name, "--cluster.name", "at most 255 bytes");
  if (raw.engine != "gossip" && raw.engine != "etcd")
    return bad_value(raw.engine, "--cluster.engine", "must be gossip or etcd");
  if (raw.balance != "ring" && raw.balance != "cost")
    return bad_value(raw.balance, "--cluster.balance", "must be ring or cost");
  options.by_cost = raw.balance == "cost";
  options.engine = raw.engine == "etcd" ? ClusterEngine::kEtcd : ClusterEngine::kGossip;
  INVAR_TRY(check_etcd(raw, options));
  if (!raw.discover_peers.empty()) {
    if (options.enabled && !options.join_addresses.empty()) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("at most one of join peers and discover peers may be set, got join peers {} and "
                      "discover peers {}",
                      quote(raw.join_addresses), quote(raw.discover_peers)));
    }
    fmt::print(stderr,
               "--cluster.discover-peers has no effect: Invar asks no cloud for nodes; give "
               "--cluster.join-addresses a name that DNS knows.\n");
  }
  return options;
}

}  // namespace invar::app
