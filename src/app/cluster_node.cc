#include "app/cluster_node.h"

#include <algorithm>
#include <iterator>
#include <random>

#include "base/strings.h"
#include "cluster/advertise.h"
#include "http/url.h"
#include "services/endpoints.h"

namespace invar::app {
namespace {

constexpr std::uint64_t kLongestPasswordFile = 4096;

Result<> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

// The port that others have to be told.
Result<std::uint16_t> port_of(const std::string& listen_address) {
  const auto parts = http::split_host_port(listen_address);
  const auto port = parts ? parse_uint(parts->port) : std::nullopt;
  if (port && *port > 0 && *port <= 0xffff) return static_cast<std::uint16_t>(*port);
  return fail(ErrorCode::kInvalidArgument,
              "clustering needs a port that other nodes can know: give --server.http.listen-addr one");
}

Result<cluster::Address> advertised(const ClusterOptions& options, std::uint16_t port,
                                    const log::Logger& logger) {
  std::string host = options.advertise_address;
  if (const auto whole = cluster::parse_address(host)) return *whole;
  if (host.empty())
    host = cluster::best_address(cluster::interface_addresses(), options.advertise_interfaces);
  if (host.empty()) {
    host = "127.0.0.1";
    logger.warn("no address to advertise found on the interfaces; other hosts cannot reach this node",
                {{"interfaces", join(options.advertise_interfaces, ",")}, {"addr", host}});
  }
  const auto address = cluster::parse_address(http::join_host_port(host, std::to_string(port)));
  if (address) return *address;
  return fail(ErrorCode::kInvalidArgument, "--cluster.advertise-address " + quote(options.advertise_address) +
                                               " is not an IP address with or without a port");
}

// Of the cluster or of its etcd: both have the same flags.
template <class Options>
http::TlsConfig tls_config(const Options& options) {
  http::TlsConfig tls;
  tls.ca_file = options.tls_ca_path;
  tls.cert_file = options.tls_cert_path;
  tls.key_file = options.tls_key_path;
  tls.server_name = options.tls_server_name;
  return tls;
}

http::ClientConfig client_config(const ClusterOptions& options) {
  http::ClientConfig config;
  config.follow_redirects = false;
  if (options.tls) config.tls = tls_config(options);
  return config;
}

// Null without a secret.
Result<std::shared_ptr<const cluster::Seal>> seal_of(const ClusterOptions& options, fs::FileSystem& files) {
  if (options.secret_file.empty()) return std::shared_ptr<const cluster::Seal>();
  const auto text = files.read_file(options.secret_file, kLongestPasswordFile);
  if (!text) return std::unexpected(text.error().wrapped("--cluster.secret-file"));
  std::string secret(trim_space(*text));
  if (secret.size() < cluster::kShortestSecret)
    return fail(
        ErrorCode::kInvalidArgument,
        "--cluster.secret-file: a secret has at least 16 characters, as from `openssl rand -base64 32`");
  return std::make_shared<const cluster::Seal>(std::move(secret));
}

std::function<std::uint64_t()> chance() {
  auto engine = std::make_shared<std::mt19937_64>(std::random_device{}());
  return [engine] { return (*engine)(); };
}

}  // namespace

Result<std::unique_ptr<ClusterNode>> ClusterNode::create(const ClusterOptions& options, const World& world,
                                                         const std::string& listen_address,
                                                         http::Transport& transport,
                                                         metrics::Registry& registry,
                                                         const log::Logger& logger) {
  std::unique_ptr<ClusterNode> node(new ClusterNode());
  node->loop_ = world.loop;
  const std::string name = options.node_name.empty() ? world.host_name : options.node_name;
  if (!options.enabled) {
    node->cluster_ = component::make_single_node(
        {.name = name, .address = listen_address, .state = "participant", .is_self = true});
    return node;
  }
  if (name.empty()) INVAR_TRY(invalid("clustering needs a name for this node: give --cluster.node-name"));
  const log::Logger own = logger.with({{"service", "cluster"}});
  INVAR_ASSIGN_OR_RETURN(const std::uint16_t port, port_of(listen_address));
  INVAR_ASSIGN_OR_RETURN(cluster::Address address, advertised(options, port, own));
  INVAR_ASSIGN_OR_RETURN(node->seal_, seal_of(options, *world.files));
  node->scope_ = registry.scope({{"cluster_name", options.name}});
  auto made = transport.make_client(client_config(options), "cluster_hand_over");
  if (!made) return std::unexpected(made.error().wrapped("clustering"));
  const std::shared_ptr<http::Client> hand_over_client = *std::move(made);
  if (options.engine == ClusterEngine::kEtcd) {
    INVAR_TRY(node->meet_in_etcd(options, world, name, address, transport, own));
    node->hand_over_by(hand_over_client, options, world, name, own);
    node->weigh(hand_over_client, options, world, name, own);
    return node;
  }
  auto client = http::make_http2_client(transport, client_config(options), "cluster");
  if (!client) return std::unexpected(client.error().wrapped("clustering"));
  node->plain_scope_ = registry.scope({});
  node->network_ = std::make_unique<cluster::HttpNetwork>(
      *world.loop,
      cluster::HttpNetwork::Config{
          .client = *std::move(client), .tls = options.tls, .seal = node->seal_, .logger = own},
      *node->plain_scope_);
  node->gossip_ = std::make_shared<cluster::GossipCluster>(
      cluster::GossipCluster::Config{.node_name = name,
                                     .address = std::move(address),
                                     .cluster_name = options.name,
                                     .join_addresses = options.join_addresses,
                                     .default_port = port,
                                     .rejoin_interval = options.rejoin_interval,
                                     .max_join_peers = options.max_join_peers,
                                     .minimum_size = options.wait_for_size,
                                     .minimum_timeout = options.wait_timeout,
                                     .by_cost = options.by_cost},
      cluster::GossipCluster::Environment{.loop = world.loop,
                                          .pool = world.pool,
                                          .disk_pool = world.disk_pool,
                                          .network = node->network_.get(),
                                          .lookup = cluster::system_lookup(),
                                          .random = chance(),
                                          .logger = own,
                                          .metrics = node->scope_.get()});
  node->cluster_ = node->gossip_;
  node->hand_over_by(hand_over_client, options, world, name, own);
  node->weigh(hand_over_client, options, world, name, own);
  return node;
}

Result<> ClusterNode::meet_in_etcd(const ClusterOptions& options, const World& world, const std::string& name,
                                   const cluster::Address& address, http::Transport& transport,
                                   const log::Logger& logger) {
  const EtcdOptions& etcd = options.etcd;
  http::SecretText password;
  if (!etcd.password_file.empty()) {
    auto text = world.files->read_file(etcd.password_file, kLongestPasswordFile);
    if (!text) return std::unexpected(text.error().wrapped("--cluster.etcd.password-file"));
    password.value = trim_space(*text);
  }
  http::ClientConfig config;
  config.follow_redirects = false;
  config.tls = tls_config(etcd);
  auto client = transport.make_client(config, "cluster_etcd");
  if (!client) return std::unexpected(client.error().wrapped("clustering with etcd"));
  etcd_ = std::make_shared<cluster_etcd::EtcdCluster>(
      cluster_etcd::EtcdCluster::Config{
          .node_name = name,
          .address = address.text(),
          .cluster_name = options.name,
          .etcd = {.endpoints = etcd.endpoints,
                   .user = etcd.user,
                   .password = std::move(password),
                   .timeout = std::min<Duration>(std::chrono::seconds(3), etcd.lease / 5)},
          .lease = etcd.lease,
          .minimum_size = options.wait_for_size,
          .minimum_timeout = options.wait_timeout,
          .by_cost = options.by_cost},
      cluster_etcd::EtcdCluster::Environment{.loop = world.loop,
                                             .pool = world.pool,
                                             .client = *std::move(client),
                                             .random = chance(),
                                             .logger = logger,
                                             .metrics = scope_.get()});
  cluster_ = etcd_;
  return {};
}

void ClusterNode::hand_over_by(std::shared_ptr<http::Client> client, const ClusterOptions& options,
                               const World& world, const std::string& name, const log::Logger& logger) {
  hand_over_ =
      std::make_unique<cluster::HttpHandOver>(*world.loop, *world.pool, *cluster_,
                                              cluster::HttpHandOver::Config{.client = std::move(client),
                                                                            .tls = options.tls,
                                                                            .seal = seal_,
                                                                            .cluster_name = options.name,
                                                                            .node_name = name,
                                                                            .logger = logger},
                                              *scope_);
  cluster_->set_hand_over(hand_over_.get());
}

void ClusterNode::weigh(std::shared_ptr<http::Client> client, const ClusterOptions& options,
                        const World& world, const std::string& name, const log::Logger& logger) {
  if (!options.by_cost) return;
  cluster::Balanced* engine = etcd_ ? static_cast<cluster::Balanced*>(etcd_.get()) : gossip_.get();
  reports_ = std::make_unique<cluster::HttpReports>(*world.loop,
                                                    cluster::HttpReports::Config{.client = std::move(client),
                                                                                 .tls = options.tls,
                                                                                 .seal = seal_,
                                                                                 .cluster_name = options.name,
                                                                                 .logger = logger},
                                                    *scope_);
  balancer_ = std::make_unique<cluster::Balancer>(cluster::Balancer::Environment{
      .loop = world.loop,
      .pool = world.pool,
      .cluster = cluster_.get(),
      .engine = engine,
      .cluster_name = options.name,
      .node_name = name,
      .send = [this](const std::string& address, std::string report,
                     async::Task refused) { reports_->send(address, std::move(report), std::move(refused)); },
      .logger = logger,
      .metrics = scope_.get()});
  reports_->heard = [this](const cluster::CostReport& report) { return balancer_->hear(report); };
  cluster_->set_costs(balancer_.get());
}

std::optional<http::Http2Options> ClusterNode::http2(services::Router& router) {
  if (!network_) return std::nullopt;
  return http::Http2Options{
      .handler =
          [&router, network = network_.get()](http::ServerRequest request,
                                              const http::ResponderPtr& responder) {
            if (request.path.starts_with(cluster::kTransportPath)) return network->handle(request, responder);
            router.handle(std::move(request), responder);
          },
      .on_stream = [network = network_.get()](
                       const http::ServerRequest& head,
                       const http::ResponderPtr& responder) { return network->stream(head, responder); }};
}

void ClusterNode::add_routes(services::Router& router) {
  if (hand_over_) {
    router.add_exact(
        std::string(cluster::kTakePath), {"POST"},
        [hand_over = hand_over_.get()](const auto& request, const http::ResponderPtr& responder) {
          hand_over->handle(request, responder);
        });
  }
  if (reports_) {
    router.add_exact(std::string(cluster::kCostsPath), {"POST"},
                     [reports = reports_.get()](const auto& request, const http::ResponderPtr& responder) {
                       reports->handle(request, responder);
                     });
  }
  if (!network_) return;
  router.add(std::string(cluster::kTransportPath), {}, [](const auto&, const http::ResponderPtr& responder) {
    responder->send({505, {}, ""});  // not over HTTP/1.1
  });
}

void ClusterNode::start() {
  if (!gossip_) return;
  network_->set_node(&gossip_->swim());
  gossip_->start();
}

void ClusterNode::take_part() {
  if (gossip_) gossip_->take_part();
  if (etcd_) etcd_->take_part();
}

std::vector<component::Problem> ClusterNode::problems() const {
  auto out = etcd_ ? etcd_->problems() : std::vector<component::Problem>();
  if (balancer_) std::ranges::move(balancer_->problems(), std::back_inserter(out));
  return out;
}

std::optional<component::Balance> ClusterNode::balance() const {
  if (!balancer_) return std::nullopt;
  return balancer_->balance();
}

void ClusterNode::stop(async::Task done) {
  if (etcd_) return etcd_->stop(std::move(done));
  if (!gossip_) return loop_->post(std::move(done));
  gossip_->stop([this, done = std::move(done)]() mutable {
    network_->set_node(nullptr);
    done();
  });
}

}  // namespace invar::app
