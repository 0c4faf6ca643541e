// Daemon: `invar run` but for the process around it: storage, controller, HTTP side, reloads. Everything from outside comes
// in through World, so that a test runs a whole pipeline in virtual time (app/testing).
// Life:     load -> start -> reload* -> stop -> destroyed; a refused load or start ends it.
// Threads:  loop thread only. load() reads and writes the disk; after it nothing here blocks.
// Lifetime: what World points to outlives this.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/cluster_node.h"
#include "app/config_blocks.h"
#include "app/config_files.h"
#include "app/left_queues.h"
#include "app/reloader.h"
#include "app/run_options.h"
#include "app/world.h"
#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "fs/filesystem.h"
#include "http/client.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "remotecfg/service.h"
#include "runtime/controller.h"
#include "services/debug_streams.h"
#include "services/ledger_page.h"
#include "services/other_pipelines.h"
#include "services/router.h"
#include "services/support_bundle.h"
#include "webapi/api.h"

namespace invar::app {

class Daemon {
 public:
  Daemon(RunOptions options, World world);
  ~Daemon();

  // Builds everything. What the user wrote wrong comes as diagnostics, at once or later on the loop when something has to be
  // fetched: with an error among them nothing runs. Errors: the storage directory belongs to another process.
  Result<> load(const ConfigFiles& config, std::function<void(syntax::Diagnostics)> done);
  // Errors: `failed to listen on ADDR: <why>`.
  Result<> start();
  void reload(log::Logger logger, Reloader::Done done);
  void stop(async::Task done);  // the listener closes, components stop within the shutdown deadline

  [[nodiscard]] bool started() const { return server_ != nullptr; }
  [[nodiscard]] std::string banner() const;  // for the terminal, once started
  [[nodiscard]] const component::ComponentDirectory& components() const { return *controller_; }
  [[nodiscard]] services::LeftToOthers left_to_others() const;

 private:
  Result<> lock_storage();
  void create_metrics();
  void create_controller();
  void load_into_controller(const ConfigFiles& config, runtime::Controller::LoadDone done);
  void begin_load_report(bool applied, std::string error);
  void apply_again(const Result<ConfigFiles>& config, Reloader::Applied done);
  Result<> apply_http(const syntax::Boxed& arguments);
  void add_routes();
  [[nodiscard]] BlockEffects block_effects();
  void create_remote_configuration();
  [[nodiscard]] services::SupportBundleHost support_host();
  [[nodiscard]] services::SchemaOf schema_of() const;
  [[nodiscard]] webapi::ApiHost api_host() const;
  [[nodiscard]] webapi::LoadedConfig loaded_config() const;
  [[nodiscard]] webapi::RemoteConfiguration remote_state() const;
  [[nodiscard]] std::vector<component::ClusterPeer> peers() const;
  [[nodiscard]] services::StatusInput status() const;

  const RunOptions options_;
  const World world_;
  const log::Logger logger_;
  const UnixNanos started_unix_ns_;
  // Torn down in reverse: what uses a thing stands below it.
  std::unique_ptr<fs::File> storage_lock_;
  std::unique_ptr<metrics::Registry> registry_;
  std::unique_ptr<metrics::Scope> process_scope_;
  std::unique_ptr<pipeline::RecentProfiles> recent_;
  services::Router router_;
  std::shared_ptr<http::Transport> transport_;
  std::unique_ptr<ClusterNode> cluster_;
  std::optional<http::ServerTls> tls_;
  std::optional<http::ServerAuth> auth_;
  std::string instance_uid_;
  std::vector<services::ConfigText> parsed_sources_;  // of the last load whose parsing succeeded
  webapi::LoadedConfig loaded_;                       // by the last load, whatever came of it
  std::map<std::string, const syntax::Schema*, std::less<>> block_schemas_;
  services::DebugStreams debug_streams_;
  std::unique_ptr<remotecfg::Service> remote_configuration_;
  std::unique_ptr<runtime::Controller> controller_;
  std::unique_ptr<services::LedgerWatch> ledgers_;
  std::unique_ptr<LeftQueues> left_queues_;
  std::unique_ptr<webapi::Api> api_;
  Reloader reloader_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace invar::app
