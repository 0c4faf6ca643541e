#include "app/daemon.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "app/banner.h"
#include "app/commands.h"
#include "app/config_blocks.h"
#include "app/seed.h"
#include "base/build_info.h"
#include "fs/path.h"
#include "services/endpoints.h"
#include "services/http_block.h"
#include "services/livedebugging_block.h"
#include "services/pprof_endpoints.h"
#include "services/web_api.h"
#include "webapi/profile_choice.h"

namespace invar::app {

// What the text of the remote configuration is called where files are shown.
static constexpr const char* kRemoteFile = "remote.alloy";

Daemon::Daemon(RunOptions options, World world)
    : options_(std::move(options)),
      world_(std::move(world)),
      logger_(world_.sink),
      started_unix_ns_(world_.loop->unix_ns()),
      debug_streams_(*world_.loop, logger_.with({{"service", "livedebugging"}})),
      reloader_({.loop = world_.loop,
                 .disk_pool = world_.disk_pool,
                 .files = world_.files,
                 .config_path = options_.config_path,
                 .apply = [this](const Result<ConfigFiles>& config, Reloader::Applied done) {
                   apply_again(config, std::move(done));
                 }}) {}

Daemon::~Daemon() = default;

Result<> Daemon::load(const ConfigFiles& config, std::function<void(syntax::Diagnostics)> done) {
  logger_.info("Invar is starting", {{"version", build_info().version}});
  INVAR_TRY(lock_storage());
  create_metrics();
  http::Transport::Options transport;
  transport.logger = logger_.with({{"service", "http_client"}});
  transport.peers.push_back(http::make_memory_peer(
      options_.memory_address, [this](http::ServerRequest request, http::ResponderPtr responder) {
        router_.handle(std::move(request), responder);
      }));
  transport_ = world_.make_transport(*process_scope_, std::move(transport));
  INVAR_ASSIGN_OR_RETURN(cluster_, ClusterNode::create(options_.cluster, world_, options_.listen_address,
                                                       *transport_, *registry_, logger_));
  create_controller();
  load_into_controller(config, [done = std::move(done)](runtime::Controller::LoadResult result) {
    done(std::move(result.diagnostics));
  });
  return {};
}

Result<> Daemon::start() {
  http::ServerOptions server;
  server.listen_address = world_.listen_on.empty() ? options_.listen_address : world_.listen_on;
  server.tls = tls_;
  server.auth = auth_;
  const http::Handler handler = [this](http::ServerRequest request, const http::ResponderPtr& responder) {
    router_.handle(std::move(request), responder);
  };
  const log::Logger logger = logger_.with({{"service", "http"}});
  auto http2 = cluster_->http2(router_);
  auto listening = http2 ? world_.listen_with_http2(logger, std::move(server), handler, *std::move(http2))
                         : world_.listen(logger, std::move(server), handler);
  if (!listening) return std::unexpected(std::move(listening).error());
  server_ = *std::move(listening);
  add_routes();
  cluster_->start();
  controller_->start();
  remote_configuration_->start();
  cluster_->take_part();
  left_queues_->look_after(Duration::zero());
  logger_.info("now listening for http traffic", {{"service", "http"}, {"addr", server_->address()}});
  logger_.info("{^_^} Invar is running");
  return {};
}

void Daemon::reload(log::Logger logger, Reloader::Done done) {
  reloader_.reload(std::move(logger), std::move(done));
}

void Daemon::stop(async::Task done) {
  reloader_.close();
  // The others take over what was ours before it is let go.
  cluster_->stop([this, done = std::move(done)]() mutable {
    if (server_) server_->close_listener();
    remote_configuration_->stop(
        [this, done = std::move(done)]() mutable { controller_->stop(std::move(done)); });
  });
}

std::string Daemon::banner() const {
  return start_banner(*controller_, server_->address(), options_.ui_path_prefix, tls_.has_value());
}

// Queues and baselines belong to one process. A storage directory that cannot be written is no reason to stop: what
// needs it says so.
Result<> Daemon::lock_storage() {
  if (!world_.files->make_directories(options_.storage_path)) return {};
  auto lock = world_.files->lock(fs::join_path(options_.storage_path, "lock"));
  if (lock) {
    storage_lock_ = std::move(*lock);
  } else if (lock.error().code == ErrorCode::kUnavailable) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("another Invar uses this storage directory ({}); stop it, or give this one a "
                            "directory of its own with --storage.path",
                            lock.error().message));
  }
  return {};
}

void Daemon::create_metrics() {
  registry_ = metrics::Registry::create();
  process_scope_ = registry_->scope({});
  metrics::add_process_metrics(*process_scope_);
  process_scope_->on_collect([this](std::vector<metrics::Sample>& out) {
    out.push_back(
        {.name = "invar_time_seconds",
         .help = "The clock that profiles are stamped with; against Prometheus' own it shows a skew.",
         .value = static_cast<double>(world_.loop->unix_ns()) / 1e9});
    if (!world_.take_longest_task) return;
    out.push_back({.name = "invar_loop_longest_task_seconds",
                   .help = "Longest time that one task held the event loop since this was read last.",
                   .value = std::chrono::duration<double>(world_.take_longest_task()).count()});
  });
}

void Daemon::create_controller() {
  runtime::Environment environment;
  environment.loop = world_.loop;
  environment.pool = world_.pool;
  environment.disk_pool = world_.disk_pool;
  environment.files = world_.files;
  environment.http = transport_;
  environment.listen = world_.listen;
  environment.metrics = registry_.get();
  environment.logger = logger_;
  recent_ = std::make_unique<pipeline::RecentProfiles>(*world_.pool, options_.recent_profiles_bytes,
                                                       webapi::shows_ingest);
  environment.recent = recent_.get();
  environment.cluster = cluster_->cluster();
  environment.components = &app::components();
  environment.blocks = config_blocks(world_.sink, block_effects());
  for (const auto& block : environment.blocks) block_schemas_[block.name] = block.schema;
  environment.storage_path = options_.storage_path;
  environment.instance_uid =
      load_or_create_uid(*world_.files, options_.storage_path, world_.loop->unix_ns(), logger_);
  environment.min_stability = options_.min_stability;
  environment.shutdown_deadline = options_.shutdown_deadline;
  environment.skip_other_pipelines = options_.skip_other_pipelines;
  instance_uid_ = environment.instance_uid;
  create_remote_configuration();
  controller_ = runtime::Controller::create(std::move(environment));
  ledgers_ = std::make_unique<services::LedgerWatch>(*world_.loop, *controller_);
  left_queues_ = std::make_unique<LeftQueues>(LeftQueues::Environment{.loop = world_.loop,
                                                                      .disk_pool = world_.disk_pool,
                                                                      .files = world_.files,
                                                                      .storage_path = options_.storage_path,
                                                                      .logger = logger_,
                                                                      .metrics = process_scope_.get(),
                                                                      .components = controller_.get()});
}

BlockEffects Daemon::block_effects() {
  return {.http = [this](const auto& arguments) { return apply_http(arguments); },
          .livedebugging = [this](const syntax::Boxed& arguments) -> Result<> {
            debug_streams_.enable(arguments.as<services::LiveDebuggingArguments>().enabled);
            return {};
          },
          .remotecfg =
              [this](const syntax::Boxed& arguments) {
                return remote_configuration_->update(arguments.as<remotecfg::Arguments>());
              }};
}

void Daemon::create_remote_configuration() {
  remote_configuration_ = std::make_unique<remotecfg::Service>(remotecfg::Service::Environment{
      .loop = world_.loop,
      .disk_pool = world_.disk_pool,
      .files = world_.files,
      .http = transport_,
      .metrics = process_scope_.get(),
      .logger = logger_.with({{"service", "remotecfg"}}),
      .directory = fs::join_path(options_.storage_path, "remotecfg"),
      .instance_uid = instance_uid_,
      .load = [this](const std::string& text, remotecfg::Service::Loaded done) {
        controller_->load_remote(
            text, [done = std::move(done)](const runtime::Controller::LoadResult& result) mutable {
              std::string errors;
              for (const syntax::Diagnostic& each : result.diagnostics)
                if (each.severity == syntax::Severity::kError)
                  errors += (errors.empty() ? "" : "; ") + each.to_string();
              done(std::move(errors));
            });
      }});
}

void Daemon::load_into_controller(const ConfigFiles& config, runtime::Controller::LoadDone done) {
  controller_->load(config.sources, config.module_path,
                    [this, sources = config.sources,
                     done = std::move(done)](runtime::Controller::LoadResult result) mutable {
                      if (!result.sources_rejected) {
                        parsed_sources_.clear();
                        for (const auto& source : sources)
                          parsed_sources_.push_back({source.path, source.text});
                      }
                      begin_load_report(result.applied,
                                        runtime::load_error_text(options_.config_path, result));
                      loaded_.diagnostics = {result.diagnostics.begin(), result.diagnostics.end()};
                      for (auto& source : sources)
                        loaded_.files.push_back({std::move(source.path), std::move(source.text)});
                      done(std::move(result));
                    });
}

// Of a load that was refused: with what keeps running.
void Daemon::begin_load_report(bool applied, std::string error) {
  webapi::LoadedConfig next{.path = options_.config_path,
                            .loaded_unix_ns = world_.loop->unix_ns(),
                            .applied = applied,
                            .error = std::move(error)};
  if (!applied) {
    next.kept_files = std::move(loaded_.applied ? loaded_.files : loaded_.kept_files);
    next.kept_loaded_unix_ns = loaded_.applied ? loaded_.loaded_unix_ns : loaded_.kept_loaded_unix_ns;
  }
  loaded_ = std::move(next);
}

void Daemon::apply_again(const Result<ConfigFiles>& config, Reloader::Applied done) {
  if (!config) {
    controller_->note_read_failure();
    begin_load_report(false, runtime::reading_error_text(options_.config_path, config.error().message));
    done({.error = loaded_.error});
    return;
  }
  load_into_controller(
      *config, [this, done = std::move(done)](const runtime::Controller::LoadResult& loaded) mutable {
        left_queues_->look_after(LeftQueues::kAfterReload);
        done({.error = runtime::load_error_text(options_.config_path, loaded), .applied = loaded.applied});
      });
}

Result<> Daemon::apply_http(const syntax::Boxed& arguments) {
  const auto& http = arguments.as<services::HttpArguments>();
  tls_ = services::server_tls(http);
  auth_ = services::server_auth(http);
  if (server_) server_->set_security(tls_, auth_);
  return {};
}

void Daemon::add_routes() {
  const auto reload_asked = [this](Reloader::Done done) {
    const log::Logger logger = logger_.with({{"service", "http"}});
    logger.info("reload requested via /-/reload endpoint");
    reload(logger, std::move(done));
  };
  services::add_endpoints(router_, {.components = controller_.get(),
                                    .metrics = registry_.get(),
                                    .reload = reload_asked,
                                    .status = [this] { return status(); },
                                    .prefix = options_.ui_path_prefix});
  services::add_web_api(router_, options_.ui_path_prefix, *controller_, *ledgers_, debug_streams_,
                        [this] { return peers(); });
  services::add_left_to_others(router_, options_.ui_path_prefix, *controller_,
                               [this] { return left_to_others(); });
  cluster_->add_routes(router_);
  if (options_.enable_pprof) services::add_pprof_endpoints(router_, *world_.loop, *world_.pool);
  services::add_support_bundle(router_, *world_.loop, *world_.pool, support_host());
  api_ = std::make_unique<webapi::Api>(api_host(), [this] { return cluster_->balance(); });
  api_->add_to(router_, options_.ui_path_prefix);
}

services::SchemaOf Daemon::schema_of() const {
  return [blocks = block_schemas_](std::string_view name) -> const syntax::Schema* {
    if (const auto* component = app::components().find(name)) return &*component->arguments;
    const auto block = blocks.find(name);
    return block == blocks.end() ? nullptr : block->second;
  };
}

webapi::ApiHost Daemon::api_host() const {
  return {.loop = world_.loop,
          .pool = world_.pool,
          .disk_pool = world_.disk_pool,
          .files = world_.files,
          .components = controller_.get(),
          .recent = recent_.get(),
          .config = [this] { return loaded_config(); },
          .schema_of = schema_of(),
          .cluster =
              [this] {
                webapi::ClusterState state;
                for (const auto& peer : peers())
                  state.members.push_back({peer.name, peer.address, peer.state, peer.is_self});
                state.enabled = options_.cluster.enabled;
                state.problems = cluster_->problems();
                return state;
              },
          .remote = [this] { return remote_state(); },
          .storage_path = options_.storage_path,
          .instance = world_.host_name,
          .started_unix_ns = started_unix_ns_};
}

// With the remote one, if one runs, as a file of its own.
webapi::LoadedConfig Daemon::loaded_config() const {
  webapi::LoadedConfig config = loaded_;
  if (remotecfg::State remote = remote_configuration_->state(); !remote.text.empty())
    (config.applied ? config.files : config.kept_files).push_back({kRemoteFile, std::move(remote.text)});
  return config;
}

webapi::RemoteConfiguration Daemon::remote_state() const {
  const remotecfg::State state = remote_configuration_->state();
  return {.enabled = state.enabled,
          .url = state.url,
          .id = state.id,
          .hash = state.hash,
          .running = state.loaded_unix_ns != 0,
          .from_cache = state.from_cache,
          .unanswered = !state.last_error.empty(),
          .error = state.last_error.empty() ? state.status.error : state.last_error,
          .loaded_unix_ns = state.loaded_unix_ns,
          .asked_unix_ns = state.asked_unix_ns};
}

std::vector<component::ClusterPeer> Daemon::peers() const {
  auto peers = cluster_->cluster()->peers();
  if (peers.size() == 1 && !options_.cluster.enabled) peers[0].address = server_->address();
  return peers;
}

services::SupportBundleHost Daemon::support_host() {
  return {.disabled = options_.disable_support_bundle,
          .components = controller_.get(),
          .peers_json = [this] { return services::peers_json(peers()); },
          .metrics = [this] { return registry_->collect(); },
          .sources =
              [this] {
                std::vector<services::ConfigText> texts = parsed_sources_;
                if (const auto remote = remote_configuration_->state(); !remote.text.empty())
                  texts.push_back({kRemoteFile, remote.text, "remote-config/remote.alloy"});
                return texts;
              },
          .schema_of = schema_of(),
          .runtime_flags = options_.flags,
          .sink = world_.sink,
          .profiles = {}};
}

services::LeftToOthers Daemon::left_to_others() const {
  return services::left_to_others(controller_->other_pipelines(), options_.listen_address);
}

services::StatusInput Daemon::status() const {
  const Reloader::Outcome& reload = reloader_.last();
  return {.components = controller_.get(),
          .ledgers = ledgers_.get(),
          .config_path = options_.config_path,
          .prefix = options_.ui_path_prefix,
          .started_unix_ns = started_unix_ns_,
          .now_unix_ns = world_.loop->unix_ns(),
          .last_reload_error = reload.error,
          .last_reload_since_unix_ns = reload.since_unix_ns,
          .last_reload_applied = reload.applied,
          .has_profiles = options_.enable_pprof,
          .cluster_problems = cluster_->problems(),
          .left_queues = left_queues_->found(),
          .left_to_others = left_to_others()};
}

}  // namespace invar::app
