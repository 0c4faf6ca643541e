#include "base/strings.h"
#include "http/disk_pool.h"
#include "http/exchange.h"
#include "http/file_limit.h"
#include "http/http2.h"

namespace invar::http {
namespace {

constexpr std::uint64_t kFewFiles = 4096;

class TransportImpl final : public Transport {
 public:
  TransportImpl(async::Loop& loop, std::shared_ptr<fs::FileSystem> files, metrics::Scope* scope,
                Options options, async::WorkerPool* disk_pool)
      : core_(std::make_shared<TransportCore>()) {
    const FileLimit limit = raise_file_limit();
    core_->loop = &loop;
    core_->logger = std::move(options.logger);
    if (limit.soft < kFewFiles) {
      core_->logger.warn("few files may be open: connections to more targets than that wait for each other",
                         {{"limit", limit.soft},
                          {"connections", connection_budget(limit.soft)},
                          {"hint", "raise it with ulimit -n or LimitNOFILE"}});
    }
    core_->files =
        std::make_shared<FileCache>(loop, std::move(files), options.file_check_interval, disk_pool);
    core_->engine = Engine::create(loop, scope, {options.max_in_flight, connection_budget(limit.soft)});
    core_->deadlines = std::make_unique<Deadlines>(loop);
    for (auto& peer : options.peers) add_peer(std::move(peer));
  }

  Result<std::unique_ptr<Client>> make_client(const ClientConfig& config,
                                              const std::string& dialer_name) override {
    return http::make_client(core_, config, dialer_name, false);
  }
  Result<std::unique_ptr<Client>> make_http2_client(const ClientConfig& config,
                                                    const std::string& dialer_name) {
    return http::make_client(core_, config, dialer_name, false, true);
  }

  void add_peer(InMemoryPeer peer) override {
    std::string key = to_lower_ascii(peer.host_port);
    core_->peers.insert_or_assign(std::move(key), std::move(peer));
  }

 private:
  std::shared_ptr<TransportCore> core_;
};

}  // namespace

std::shared_ptr<Transport> Transport::create(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                             metrics::Scope* scope, Options options) {
  return std::make_shared<TransportImpl>(loop, std::move(files), scope, std::move(options), nullptr);
}

std::shared_ptr<Transport> create_transport(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                            metrics::Scope* scope, Transport::Options options,
                                            async::WorkerPool& disk_pool) {
  return std::make_shared<TransportImpl>(loop, std::move(files), scope, std::move(options), &disk_pool);
}

Result<std::unique_ptr<Client>> make_http2_client(Transport& transport, const ClientConfig& config,
                                                  const std::string& dialer_name) {
  if (auto* real = dynamic_cast<TransportImpl*>(&transport))
    return real->make_http2_client(config, dialer_name);
  return transport.make_client(config, dialer_name);
}

}  // namespace invar::http
