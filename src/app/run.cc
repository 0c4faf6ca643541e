// `invar run`: the process around the daemon: the real loop, disk, network and threads, signals, the terminal.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "app/commands.h"
#include "app/daemon.h"
#include "app/inherited_socket.h"
#include "app/service_manager.h"
#include "async/loop.h"
#include "async/signals.h"
#include "async/worker_pool.h"
#include "http/disk_pool.h"
#include "services/other_pipelines.h"

namespace invar::app {
namespace {

constexpr std::size_t kWorkerBacklog = 16;  // profiles of a millisecond each
// They mostly sleep; one that hangs on its disk leaves the others to the other disks.
constexpr std::size_t kDiskThreads = 4;

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

class Process {
 public:
  Process(RunOptions options, std::string listen_on)
      : options_(std::move(options)), listen_on_(std::move(listen_on)) {}

  int run() {
    // Before signals are held for the loop: a pipe without a writer blocks, and Ctrl-C has to end that. And before
    // anything is created, which a mistyped path would leave behind.
    const auto config = read_config(*files_, options_.config_path, runtime::Reading::kFirst);
    if (!config) return fail_early(runtime::reading_error_text(options_.config_path, config.error().message));
    // Signals before threads: those started later inherit the mask.
    signals_ = async::watch_signals(*loop_, [this](int signo) { on_signal(signo); });
    pool_ = async::make_worker_pool(*loop_, std::max(2U, std::thread::hardware_concurrency()), "invar-worker",
                                    kWorkerBacklog);
    disk_pool_ = async::make_worker_pool(*loop_, kDiskThreads, "invar-disk");
    daemon_ = std::make_unique<Daemon>(options_, world());

    std::optional<syntax::Diagnostics> found;
    bool waits = false;
    const auto begun = daemon_->load(*config, [&](syntax::Diagnostics diagnostics) {
      found = std::move(diagnostics);
      if (waits) loop_->stop();
    });
    if (!begun) return fail_early(begun.error().message);
    waits = !found;
    if (waits) loop_->run();  // for what the configuration imports
    if (!found) return 0;     // told to end before that came
    if (found->has_errors()) {
      const auto all = all_mistakes(*config, *files_, *found,
                                    {.path = {},
                                     .min_stability = options_.min_stability,
                                     .skip_other_pipelines = options_.skip_other_pipelines});
      fmt::print(stderr, "{}", all.render(use_colour()));
      std::fputs("\n", stdout);
      std::fflush(stdout);
      return fail_early("could not perform the initial load successfully");
    }
    if (auto started = daemon_->start(); !started) {
      logger_.error(started.error().message, {{"service", "http"}});
      return 1;
    }
    fmt::print(stderr, "{}", services::left_to_others_text(daemon_->left_to_others()));
    std::fputs(daemon_->banner().c_str(), stdout);
    std::fflush(stdout);
    manager_.ready("running");
    loop_->run();
    return 0;
  }

 private:
  // What was logged so far waits for a level and a form that now nobody will tell.
  int fail_early(std::string_view message) {
    sink_->flush_buffered();
    return fail_with(message);
  }

  World world() {
    return {.loop = loop_.get(),
            .pool = pool_.get(),
            .disk_pool = disk_pool_.get(),
            .files = files_,
            .sink = sink_,
            .make_transport =
                [this](metrics::Scope& scope, http::Transport::Options options) {
                  return http::create_transport(*loop_, files_, &scope, std::move(options), *disk_pool_);
                },
            .listen =
                [this](log::Logger logger, http::ServerOptions options, http::Handler handler) {
                  return listen(std::move(logger), std::move(options), std::move(handler), std::nullopt);
                },
            .listen_with_http2 = std::bind_front(&Process::listen, this),
            .take_longest_task = [this] { return loop_->take_longest_task(); },
            .host_name = host_name(),
            .listen_on = listen_on_};
  }

  Result<std::unique_ptr<http::Server>> listen(log::Logger logger, http::ServerOptions options,
                                               http::Handler handler,
                                               std::optional<http::Http2Options> http2) {
    return http::listen(*loop_, files_, std::move(logger), std::move(options), std::move(handler),
                        std::move(http2), *disk_pool_);
  }

  void on_signal(int signo) {
    if (signo == SIGHUP) {
      if (daemon_ && daemon_->started()) reload();
      return;
    }
    logger_.info("shutting down", {{"signal", signo == SIGINT ? "SIGINT" : "SIGTERM"}});
    manager_.stopping();
    daemon_->stop([this] { loop_->stop(); });
  }

  void reload() {
    manager_.reloading();
    daemon_->reload(logger_, [this](const std::string& error) {
      manager_.ready(error.empty()
                         ? "running"
                         : "running the configuration before the last reload, which failed: see the log");
    });
  }

  const RunOptions options_;
  const std::string listen_on_;
  // Torn down in reverse: what uses a thing stands below it.
  std::unique_ptr<async::RealLoop> loop_ = async::RealLoop::create();
  ServiceManager manager_{*loop_, variable};
  std::shared_ptr<log::Sink> sink_ = log::Sink::create();
  log::Logger logger_{sink_};
  std::shared_ptr<fs::FileSystem> files_ = fs::posix();
  std::unique_ptr<async::SignalWatcher> signals_;
  std::unique_ptr<async::WorkerPool> pool_, disk_pool_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace

int run(const RunOptions& options) {
  const auto inherited = inherited_socket(variable);
  if (!inherited) return fail_with(inherited.error().message);
  RunOptions with_address = options;
  if (*inherited) with_address.listen_address = (*inherited)->address;
  return Process(std::move(with_address), *inherited ? (*inherited)->listen_address() : "").run();
}

}  // namespace invar::app
