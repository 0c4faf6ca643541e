#include "app/testing/virtual_daemon.h"

#include <utility>

#include "base/check.h"

namespace invar::app::testing {

VirtualDaemon::VirtualDaemon()
    : disk(fs::testing::MemoryFileSystem::create({.unix_ns = [this] { return loop.unix_ns(); }})),
      faults(fs::testing::FaultFileSystem::create(disk)),
      off_loop(fs::testing::OffLoopFileSystem::create(faults, &async::testing::in_pool_work)) {
  options.config_path = kConfigPath;
  options.listen_address = kAddress;
  options.storage_path = "/storage";
}

VirtualDaemon::~VirtualDaemon() = default;

void VirtualDaemon::write_file(const std::string& path, std::string_view text) {
  const auto slash = path.rfind('/');
  INVAR_CHECK(slash != std::string::npos && slash > 0, "a file in a folder: " + path);
  const auto made = disk->make_directories(path.substr(0, slash));
  INVAR_CHECK(made.has_value(), made ? "" : made.error().message);
  const auto written = disk->write_file_atomically(path, text, 0644, true);
  INVAR_CHECK(written.has_value(), written ? "" : written.error().message);
}

std::string VirtualDaemon::start(std::string_view config) {
  write_file(kConfigPath, config);
  return start();
}

std::string VirtualDaemon::start() {
  World world;
  world.loop = &loop;
  world.pool = &pool;
  world.disk_pool = &disk_pool;
  world.files = off_loop;
  world.sink =
      log::Sink::create([this](std::string_view line) { log += line; }, [this] { return loop.unix_ns(); });
  world.make_transport = [this](metrics::Scope&, const http::Transport::Options&) { return http; };
  world.listen = network.listen();
  world.host_name = "virtual";
  daemon_ = std::make_unique<Daemon>(options, std::move(world));

  const auto config = read_config(*off_loop, options.config_path, runtime::Reading::kFirst);
  std::string error;
  std::optional<syntax::Diagnostics> found;
  const auto take = [&](syntax::Diagnostics diagnostics) { found = std::move(diagnostics); };
  if (!config) {
    error = config.error().message;
  } else if (auto begun = daemon_->load(*config, take); !begun) {
    error = begun.error().message;
  } else if (loop.run_until_idle(); !found) {
    error = "the configuration does not load at once";
  } else if (found->has_errors()) {
    error = found->render(false);
  } else if (auto started = daemon_->start(); !started) {
    error = started.error().message;
  }
  if (!error.empty()) {
    daemon_.reset();
    return error;
  }
  off_loop->forget_offences();
  loop.run_until_idle();
  return "";
}

bool VirtualDaemon::stop() {
  bool stopped = false;
  daemon_->stop([&] { stopped = true; });
  loop.run_until_idle();
  for (int second = 0; second < 60 && !stopped; ++second) loop.advance(std::chrono::seconds(1));
  daemon_.reset();
  return stopped;
}

std::string VirtualDaemon::reload(std::string_view config) {
  write_file(kConfigPath, config);
  return reload();
}

std::string VirtualDaemon::reload() {
  const http::ServerResponse response = get("/-/reload");
  return response.status == 200 ? "" : response.body;
}

http::ServerResponse VirtualDaemon::get(std::string target) {
  const auto answer = network.send(kAddress, {.method = "GET", .target = std::move(target)});
  loop.run_until_idle();
  return answer->value_or(http::ServerResponse{.status = 0, .headers = {}, .body = ""});
}

}  // namespace invar::app::testing
