// The controller: configuration text -> graph of components -> running pipelines.
//
// load() parses, builds the graph, evaluates, and schedules. The first load must succeed whole; a later one (reload) applies what
// evaluates and leaves the rest running with its last good arguments. A rejected load changes nothing. Identities are paths: "" is
// the root, "add.x" the module of a custom component, and so on downwards.
// Threads:  loop thread only.
// Lifetime: destroy after stop().
// Spec:     runtime.md 1-10, 13, 15, 16.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "base/log.h"
#include "component/component.h"
#include "component/view.h"
#include "metrics/metrics.h"
#include "pipeline/recent.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"

namespace invar::runtime {

struct SourceFile {
  std::string path;
  std::string text;
  bool operator==(const SourceFile&) const = default;
};
// A file, or every *.alloy directly inside a directory, in path order. Errors: `stat P: no such file or
// directory` ... Again, while components run, nothing that may be without an end or a writer is read (a pipe, a device).
enum class Reading { kFirst, kAgain };
Result<std::vector<SourceFile>> read_sources(fs::FileSystem& files, const std::string& path,
                                             Reading reading = Reading::kFirst);

// A configurable singleton of the root: `logging`, `http`, ... The block's arguments are decoded by its
// schema and handed over; without a block, default-constructed arguments are.
struct ConfigBlock {
  std::string name;
  const syntax::Schema* schema = nullptr;
  syntax::Stability stability = syntax::Stability::kGenerallyAvailable;
  bool is_service = false;  // diagnostics say "Failed to evaluate service", else "... node for config block"
  std::function<Result<>(const syntax::Boxed&)> apply;
};

struct Environment {
  async::Loop* loop = nullptr;
  async::WorkerPool* pool = nullptr;
  async::WorkerPool* disk_pool = nullptr;
  std::shared_ptr<fs::FileSystem> files;
  std::shared_ptr<http::Transport> http;
  http::Listen listen;
  metrics::Registry* metrics = nullptr;
  log::Logger logger;
  std::shared_ptr<component::Cluster> cluster;
  std::shared_ptr<component::Claims> claims;  // made by the controller when there are none
  const component::Registry* components = nullptr;
  std::vector<ConfigBlock> blocks;
  pipeline::RecentProfiles* recent = nullptr;  // of what sources make; null: nothing is kept
  std::string storage_path;
  std::string instance_uid;
  syntax::Stability min_stability = syntax::Stability::kExperimental;
  Duration shutdown_deadline = std::chrono::minutes(10);
  bool skip_other_pipelines = false;
};

using component::ComponentView;

class Controller : public component::ComponentDirectory {
 public:
  static std::unique_ptr<Controller> create(Environment environment);

  // `module_path`: directory of the configuration. Diagnostics are returned; ok() when everything evaluated.
  struct LoadResult {
    syntax::Diagnostics diagnostics;
    bool applied = false;  // the new graph is current (possibly with failed nodes)
    // A syntax error, or an attribute at the top level: nothing was looked at further.
    bool sources_rejected = false;
  };
  using LoadDone = std::move_only_function<void(LoadResult)>;
  // `done` once: at once when nothing has to be fetched for the configuration, else later on the loop; never after stop(). The next
  // load waits for it.
  virtual void load(const std::vector<SourceFile>& sources, const std::string& module_path,
                    LoadDone done) = 0;
  // The remote configuration: a root of its own whose components are called remotecfg/..., loaded by the same rules, with the
  // module path of the last load(). "" takes everything away that it made.
  virtual void load_remote(const std::string& text, LoadDone done) = 0;
  virtual void start() = 0;  // after the first load: starts components; later loads start their own
  virtual void stop(async::Task done) = 0;  // reverse dependency order, within the shutdown deadline

  // For the metrics: the sources could not even be read, so load() was not called.
  virtual void note_read_failure() = 0;
};

// What a failed load or reload says in one line; "" when there is nothing to say. runtime.md 9.
std::string load_error_text(const std::string& config_path, const Controller::LoadResult& result);
// `reading config path "P": <error>`, also for what read_sources() returns.
std::string reading_error_text(const std::string& config_path, std::string_view error);

// `validate`: every check that needs no evaluation, of the configuration and of the modules in it; nothing is built, opened or
// fetched but the files of imports that can be read. formatting.md 6.
struct Validation {
  const component::Registry* components = nullptr;
  const std::vector<ConfigBlock>* blocks = nullptr;
  syntax::Stability min_stability = syntax::Stability::kExperimental;
  fs::FileSystem* files = nullptr;  // null: imported files are not looked into
  std::string module_path;
  component::OtherPipelines* other_pipelines = nullptr;  // not null: they are left out, and told
};
syntax::Diagnostics validate(const std::vector<SourceFile>& sources, const Validation& validation);

}  // namespace invar::runtime
