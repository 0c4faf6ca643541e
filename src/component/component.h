// The contract of a component: what the controller builds, updates, runs and stops.
//
// Life:     build -> start -> update* -> stop -> destroyed. update() may come before start(). After a failed update() the
//           controller calls it again at the next evaluation, with whatever arguments the file then has.
// Threads:  loop thread only; no call blocks. Work off the loop goes through options.pool.
// Errors:   build() and update() return an Error whose text is what the user must fix; the controller adds the place.
// Stop:     stop(done) is prompt (well under 2 s), cancels everything in flight, and runs or posts `done` exactly once.
// Source:   runtime.md 5, 6, 8.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/error.h"
#include "base/log.h"
#include "component/claims.h"
#include "component/inspection.h"
#include "component/problem.h"
#include "fs/filesystem.h"
#include "http/client.h"
#include "http/server.h"
#include "metrics/metrics.h"
#include "pipeline/ledger.h"
#include "pipeline/tap.h"
#include "syntax/evaluator.h"
#include "syntax/schema.h"

namespace invar::component {

using syntax::BodyValue;
using syntax::Boxed;
using syntax::Schema;
using syntax::Stability;

enum class HealthState { kUnknown, kHealthy, kUnhealthy, kExited };
std::string_view to_string(HealthState state);
struct Health {
  HealthState state = HealthState::kUnknown;
  std::string message;
  UnixNanos updated_unix_ns = 0;
};
// runtime.md 8: the most severe part; ties: the most recent, then the earlier in the list.
Health combine(const std::vector<Health>& parts);

class Cluster;

struct Options {
  std::string id;                     // global id: "pyroscope.scrape.local"
  log::Logger logger;                 // already carries component_path and component_id
  metrics::Scope* metrics = nullptr;  // likewise; outlives the component
  std::string data_path;              // STORAGE/<global id>; not created
  Stability min_stability = Stability::kExperimental;
  async::Loop* loop = nullptr;
  async::WorkerPool* pool = nullptr;
  // For what blocks on a disk, so that a slow one holds up nothing else.
  async::WorkerPool* disk_pool = nullptr;
  std::shared_ptr<fs::FileSystem> files;
  std::shared_ptr<http::Transport> http;
  http::Listen listen;               // opens a server of the component's own
  std::shared_ptr<Cluster> cluster;  // cluster.h; never null
  Claims* claims = nullptr;          // for what only one component of the process can have
  std::string instance_uid;          // X-Invar-Id
  // Publishes new exports; ignored when equal to the previous ones. May be called from build() on.
  std::function<void(Boxed exports)> set_exports;
  // What passes through the component is shown to it.
  pipeline::Tap tap;
};

class Component {
 public:
  virtual ~Component() = default;
  virtual void start() = 0;
  virtual Result<> update(const Boxed& arguments) = 0;
  virtual void stop(async::Task done) = 0;
  // Its own part, if it has one.
  [[nodiscard]] virtual std::optional<Health> health() const { return std::nullopt; }
  // What does not work now, of this severity and above. Asked often for kFailing alone, which has to be cheap.
  // A failing one makes the component unhealthy; health() need not repeat it.
  [[nodiscard]] virtual std::vector<Problem> problems(Severity at_least) const {
    (void)at_least;
    return {};
  }
  [[nodiscard]] virtual BodyValue debug_info() const { return {}; }
  // Where the profiles that it took went, by destination.
  [[nodiscard]] virtual std::vector<const pipeline::Ledger*> ledgers() const { return {}; }
  // What pages ask (inspection.h), of the components that have it.
  [[nodiscard]] virtual ScrapedTargets* scraped_targets() { return nullptr; }
  [[nodiscard]] virtual std::optional<Relabeling> relabeling() const { return std::nullopt; }
  [[nodiscard]] virtual std::vector<OutletView> outlets() const { return {}; }
};

// A schema that is made when it is first asked for: of all kinds of components a start makes those that the configuration has.
class SchemaOf {
 public:
  constexpr SchemaOf(std::nullptr_t) {}
  constexpr SchemaOf(const Schema& (*schema)()) : schema_(schema) {}
  bool operator==(std::nullptr_t) const { return schema_ == nullptr; }
  const Schema& operator*() const { return schema_(); }
  const Schema* operator->() const { return &schema_(); }

 private:
  const Schema& (*schema_)() = nullptr;
};

struct Registration {
  std::string name;     // "pyroscope.scrape"
  std::string summary;  // one sentence
  Stability stability = Stability::kGenerallyAvailable;
  SchemaOf arguments = nullptr;
  SchemaOf exports = nullptr;  // null: exports nothing
  std::function<Result<std::unique_ptr<Component>>(Options, const Boxed& arguments)> build;
  // Reference page: text between the summary and the tables, and the example; Markdown.
  std::string documentation;
  std::string example;
};

class Registry {
 public:
  void add(Registration registration);  // a repeated name, or one that is a prefix of another, is our bug
  [[nodiscard]] const Registration* find(std::string_view name) const;
  [[nodiscard]] const std::vector<Registration>& all() const { return list_; }  // sorted by name

 private:
  std::vector<Registration> list_;
};

}  // namespace invar::component
