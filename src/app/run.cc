// `invar run`: wires the folders together and owns everything that lives as long as the process.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <thread>

#include "app/banner.h"
#include "app/commands.h"
#include "app/config_blocks.h"
#include "app/left_queues.h"
#include "app/run_options.h"
#include "app/seed.h"
#include "async/loop.h"
#include "async/signals.h"
#include "async/worker_pool.h"
#include "base/build_info.h"
#include "http/client.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "runtime/controller.h"
#include "services/endpoints.h"
#include "services/http_block.h"
#include "services/pprof_endpoints.h"
#include "services/router.h"
#include "services/support_bundle.h"
#include "services/web_api.h"

namespace invar::app {
namespace {

constexpr std::size_t kWorkerBacklog = 16;  // profiles of a millisecond each
// They mostly sleep; one that hangs on its disk leaves the others to the other disks.
constexpr std::size_t kDiskThreads = 4;

class WholeSet : public component::ClusterView {
 public:
  [[nodiscard]] bool owns(std::uint64_t) const override { return true; }
};

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

class Daemon {
 public:
  explicit Daemon(const RunOptions& options)
      : options_(options),
        loop_(async::RealLoop::create()),
        sink_(log::Sink::create()),
        logger_(sink_),
        files_(fs::posix()),
        started_unix_ns_(loop_->unix_ns()) {}

  int run() {
    // Before signals are held for the loop: a pipe without a writer blocks, and Ctrl-C has to end that. And before
    // anything is created, which a mistyped path would leave behind.
    auto sources = runtime::read_sources(*files_, options_.config_path);
    if (!sources)
      return fail_with(runtime::reading_error_text(options_.config_path, sources.error().message));
    // Signals before threads: those started later inherit the mask.
    signals_ = async::watch_signals(*loop_, [this](int signo) { on_signal(signo); });
    pool_ = async::make_worker_pool(*loop_, std::max(2U, std::thread::hardware_concurrency()), "invar-worker",
                                    kWorkerBacklog);
    disk_pool_ = async::make_worker_pool(*loop_, kDiskThreads, "invar-disk");
    logger_.info("Invar is starting", {{"version", build_info().version}});

    if (auto own = lock_storage(); !own) return fail_with(own.error().message);
    registry_ = metrics::Registry::create();
    process_scope_ = registry_->scope({});
    metrics::add_process_metrics(*process_scope_);
    process_scope_->on_collect([this](std::vector<metrics::Sample>& out) {
      out.push_back({.name = "invar_loop_longest_task_seconds",
                     .help = "Longest time that one task held the event loop since this was read last.",
                     .value = std::chrono::duration<double>(loop_->take_longest_task()).count()});
    });
    http::Transport::Options transport;
    transport.logger = logger_.with({{"service", "http_client"}});
    transport.peers.push_back(http::make_memory_peer(
        options_.memory_address, [this](http::ServerRequest request, http::ResponderPtr responder) {
          router_.handle(std::move(request), responder);
        }));
    transport_ = http::Transport::create(*loop_, files_, process_scope_.get(), std::move(transport));

    create_controller();
    const auto loaded = load(*sources);
    if (loaded.diagnostics.has_errors()) {
      const auto all = all_mistakes(*sources, loaded.diagnostics, options_.min_stability);
      fmt::print(stderr, "{}", all.render(use_colour()));
      std::fputs("\n", stdout);
      std::fflush(stdout);
      return fail_with("could not perform the initial load successfully");
    }
    if (auto listening = listen(); !listening) {
      logger_.error(listening.error().message, {{"service", "http"}});
      return 1;
    }
    controller_->start();
    left_queues_->look_after(Duration::zero());
    logger_.info("now listening for http traffic", {{"service", "http"}, {"addr", server_->address()}});
    logger_.info("{^_^} Invar is running");
    std::fputs(
        start_banner(*controller_, server_->address(), options_.ui_path_prefix, tls_.has_value()).c_str(),
        stdout);
    std::fflush(stdout);
    loop_->run();
    return 0;
  }

 private:
  [[nodiscard]] std::string module_path() const {
    std::error_code ignored;
    const std::filesystem::path path(options_.config_path);
    return std::filesystem::is_directory(path, ignored) ? path.string() : path.parent_path().string();
  }

  // Queues and baselines belong to one process. A storage directory that cannot be written is no reason to stop: what
  // needs it says so.
  Result<> lock_storage() {
    if (!files_->make_directories(options_.storage_path)) return {};
    auto lock = files_->lock(options_.storage_path + "/lock");
    if (lock) {
      storage_lock_ = std::move(*lock);
    } else if (lock.error().code == ErrorCode::kUnavailable) {
      return fail(
          ErrorCode::kUnavailable,
          fmt::format(
              "another Invar uses this storage directory ({}); stop it, or give this one a directory of its "
              "own with --storage.path",
              lock.error().message));
    }
    return {};
  }

  void create_controller() {
    runtime::Environment environment;
    environment.loop = loop_.get();
    environment.pool = pool_.get();
    environment.disk_pool = disk_pool_.get();
    environment.files = files_;
    environment.http = transport_;
    environment.listen = [this](log::Logger logger, http::ServerOptions options, http::Handler handler) {
      return http::Server::listen(*loop_, files_, std::move(logger), std::move(options), std::move(handler));
    };
    environment.metrics = registry_.get();
    environment.logger = logger_;
    environment.cluster = std::make_shared<WholeSet>();
    environment.components = &components();
    environment.blocks =
        config_blocks(sink_, [this](const syntax::Boxed& arguments) { return apply_http(arguments); });
    for (const auto& block : environment.blocks) block_schemas_[block.name] = block.schema;
    environment.storage_path = options_.storage_path;
    environment.instance_uid = load_or_create_uid(*files_, options_.storage_path, loop_->unix_ns(), logger_);
    environment.min_stability = options_.min_stability;
    environment.shutdown_deadline = options_.shutdown_deadline;
    controller_ = runtime::Controller::create(std::move(environment));
    ledgers_ = std::make_unique<services::LedgerWatch>(*loop_, *controller_);
    left_queues_ = std::make_unique<LeftQueues>(LeftQueues::Environment{.loop = loop_.get(),
                                                                        .disk_pool = disk_pool_.get(),
                                                                        .files = files_,
                                                                        .storage_path = options_.storage_path,
                                                                        .logger = logger_,
                                                                        .metrics = process_scope_.get(),
                                                                        .components = controller_.get()});
  }

  runtime::Controller::LoadResult load(const std::vector<runtime::SourceFile>& sources) {
    auto result = controller_->load(sources, module_path());
    if (!result.sources_rejected) {
      parsed_sources_.clear();
      for (const auto& source : sources) parsed_sources_.push_back({source.path, source.text});
    }
    return result;
  }

  Result<> apply_http(const syntax::Boxed& arguments) {
    const auto& http = arguments.as<services::HttpArguments>();
    tls_ = services::server_tls(http);
    auth_ = services::server_auth(http);
    if (server_) server_->set_security(tls_, auth_);
    return {};
  }

  Result<> listen() {
    http::ServerOptions server;
    server.listen_address = options_.listen_address;
    server.tls = tls_;
    server.auth = auth_;
    auto listening =
        http::Server::listen(*loop_, files_, logger_.with({{"service", "http"}}), std::move(server),
                             [this](http::ServerRequest request, http::ResponderPtr responder) {
                               router_.handle(std::move(request), responder);
                             });
    if (!listening) return std::unexpected(listening.error());
    server_ = std::move(*listening);

    services::add_endpoints(router_, {.components = controller_.get(),
                                      .metrics = registry_.get(),
                                      .reload =
                                          [this] {
                                            logger_.info("reload requested via /-/reload endpoint",
                                                         {{"service", "http"}});
                                            return reload(logger_.with({{"service", "http"}}));
                                          },
                                      .status = [this] { return status(); },
                                      .prefix = options_.ui_path_prefix});
    const services::Peer self{.name = host_name(), .address = server_->address(), .state = "participant"};
    services::add_web_api(router_, options_.ui_path_prefix, *controller_, *ledgers_, self);
    if (options_.enable_pprof) services::add_pprof_endpoints(router_, *loop_, *pool_);
    services::add_support_bundle(router_, *loop_, *pool_, support_host(self));
    return {};
  }

  services::SupportBundleHost support_host(const services::Peer& self) {
    return {.disabled = options_.disable_support_bundle,
            .components = controller_.get(),
            .peers_json = services::peers_json(self),
            .metrics = [this] { return registry_->collect(); },
            .sources = [this] { return parsed_sources_; },
            .schema_of = [blocks = block_schemas_](std::string_view name) -> const syntax::Schema* {
              if (const auto* component = components().find(name)) return component->arguments;
              const auto block = blocks.find(name);
              return block == blocks.end() ? nullptr : block->second;
            },
            .runtime_flags = options_.flags,
            .sink = sink_,
            .profiles = {}};
  }

  services::StatusInput status() const {
    return {.components = nullptr,
            .ledgers = ledgers_.get(),
            .config_path = options_.config_path,
            .prefix = options_.ui_path_prefix,
            .started_unix_ns = started_unix_ns_,
            .now_unix_ns = loop_->unix_ns(),
            .last_reload_error = last_reload_error_,
            .last_reload_applied = last_reload_applied_,
            .has_profiles = options_.enable_pprof,
            .left_on_disk = left_queues_->found()};
  }

  // "" when the new configuration was applied whole, else the text for the log and the HTTP reply.
  std::string reload(const log::Logger& logger) {
    auto sources = runtime::read_sources(*files_, options_.config_path, runtime::Reading::kAgain);
    if (sources) {
      const auto loaded = load(*sources);
      last_reload_error_ = runtime::load_error_text(options_.config_path, loaded);
      last_reload_applied_ = loaded.applied;
      left_queues_->look_after(LeftQueues::kAfterReload);
    } else {
      controller_->note_read_failure();
      last_reload_error_ = runtime::reading_error_text(options_.config_path, sources.error().message);
      last_reload_applied_ = false;
    }
    if (last_reload_error_.empty()) {
      logger.info("config reloaded");
    } else {
      logger.error("failed to reload config", {{"err", last_reload_error_}});
    }
    return last_reload_error_;
  }

  void on_signal(int signo) {
    if (signo == SIGHUP) {
      if (controller_ && server_) reload(logger_);
      return;
    }
    logger_.info("shutting down", {{"signal", signo == SIGINT ? "SIGINT" : "SIGTERM"}});
    if (server_) server_->close_listener();
    controller_->stop([this] { loop_->stop(); });
  }

  const RunOptions options_;
  // Torn down in reverse: what uses a thing stands below it.
  std::unique_ptr<async::RealLoop> loop_;
  std::shared_ptr<log::Sink> sink_;
  log::Logger logger_;
  std::shared_ptr<fs::FileSystem> files_;
  std::unique_ptr<fs::File> storage_lock_;
  UnixNanos started_unix_ns_;
  std::unique_ptr<async::SignalWatcher> signals_;
  std::unique_ptr<async::WorkerPool> pool_, disk_pool_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<metrics::Scope> process_scope_;
  services::Router router_;
  std::shared_ptr<http::Transport> transport_;
  std::optional<http::ServerTls> tls_;
  std::optional<http::ServerAuth> auth_;
  std::string last_reload_error_;
  bool last_reload_applied_ = false;
  std::vector<services::ConfigText> parsed_sources_;  // of the last load whose parsing succeeded
  std::map<std::string, const syntax::Schema*, std::less<>> block_schemas_;
  std::unique_ptr<runtime::Controller> controller_;
  std::unique_ptr<services::LedgerWatch> ledgers_;
  std::unique_ptr<LeftQueues> left_queues_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace

int run(const RunOptions& options) {
  return Daemon(options).run();
}

}  // namespace invar::app
