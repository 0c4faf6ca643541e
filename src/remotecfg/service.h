// Service: keeps the remote configuration: registers, asks, has it loaded, tells the server what came of it, and keeps the last
// good text on disk for a start without the server.
//
// update() and start() return at once. The first question is asked at the start and after each change of the arguments; when it
// fails, the text on disk is loaded, if there is one, and the questions go on. A text that cannot be loaded leaves the last good
// one running. Without a URL everything that a remote configuration made is gone.
// Threads: loop thread only; the disk is used on the pool. Lifetime: what Environment points to outlives this.
// Spec: remotecfg.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "fs/filesystem.h"
#include "http/client.h"
#include "metrics/metrics.h"
#include "remotecfg/arguments.h"
#include "remotecfg/protocol.h"

namespace invar::remotecfg {

// What people see of it.
struct State {
  bool enabled = false;
  std::string url, id, hash;
  Status status;
  bool registered = false;
  bool from_cache = false;       // the running text is the one from disk
  std::string text;              // that runs; "" while none does
  std::string last_error;        // of the last question; "" when it was answered
  UnixNanos asked_unix_ns = 0;   // last; 0: not yet
  UnixNanos loaded_unix_ns = 0;  // what runs; 0 while nothing does
};

// Until the n-th question of a collector: poll_frequency, at most kMostJitter more or less, so that instances that were started together do not
// ask together for ever. Pure.
inline constexpr Duration kMostJitter = std::chrono::milliseconds(100);
Duration poll_delay(Duration poll_frequency, std::string_view id, std::uint64_t n);

class Service {
 public:
  // "" when the text runs whole, else what is wrong with it.
  using Loaded = std::move_only_function<void(std::string errors)>;
  struct Environment {
    async::Loop* loop = nullptr;
    async::WorkerPool* disk_pool = nullptr;
    std::shared_ptr<fs::FileSystem> files;
    std::shared_ptr<http::Transport> http;
    metrics::Scope* metrics = nullptr;
    log::Logger logger;
    std::string directory;     // of the cache: STORAGE/remotecfg
    std::string instance_uid;  // the id, unless one is written
    std::function<void(const std::string& text, Loaded done)> load;
  };
  explicit Service(Environment environment);

  // Errors: a client cannot be made of the arguments.
  Result<> update(const Arguments& arguments);
  void start();
  void stop(async::Task done);  // says good-bye to the server, within a second
  [[nodiscard]] State state() const;

 private:
  struct Metrics {
    explicit Metrics(metrics::Scope& scope);
    metrics::Scope& scope;
    metrics::Gauge &successful, &not_modified, &success_time;
    metrics::Counter &attempts, &failures;
    metrics::Histogram& duration;
    std::string hash;  // of the series remotecfg_hash
  };

  void begin();
  void say_hello();
  void ask();
  void answered(Result<Config> config);
  void note_hash();
  void failed(const Error& error);
  void take(std::string text);
  void loaded(std::string text, std::string errors, bool from_cache);
  void run_from_cache();
  void nothing_runs(const std::string& why);
  void save(const std::string& text);
  void ask_later(Duration delay);
  void ask_next();
  void send(std::string_view method, std::string message,
            std::move_only_function<void(Result<std::string>)> done);
  void say_good_bye(async::Task done);
  [[nodiscard]] Collector collector() const;
  [[nodiscard]] std::string cache_path() const;

  const Environment env_;
  Metrics metrics_;
  Arguments arguments_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Call> call_;  // before the client that made it is gone
  bool started_ = false, registered_ = false;
  bool asked_ = false;  // the first question of these arguments has been answered, or not
  std::string hash_;
  std::optional<std::string> text_;  // that runs
  bool from_cache_ = false;
  struct Refused {
    std::string text;
    Status status;
  };
  std::optional<Refused> refused_;  // the last text that could not be loaded
  Status status_;
  std::string last_error_;
  std::uint64_t questions_ = 0;
  UnixNanos asked_unix_ns_ = 0, loaded_unix_ns_ = 0;
  std::optional<Status> told_status_;  // what the server knows
  std::optional<std::string> told_text_;
  std::unique_ptr<http::Client> leaving_client_;
  std::unique_ptr<http::Call> leaving_;
  async::Timer timer_;
  std::optional<async::Alive> round_;  // ends with the arguments
  async::Alive alive_;
};

}  // namespace invar::remotecfg
