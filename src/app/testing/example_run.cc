#include "app/testing/example_run.h"

#include <utility>

#include "app/commands.h"
#include "component/cluster.h"

namespace invar::app::testing {

ExampleRun::ExampleRun(const component::Registry& components) {
  for (const auto* folder : {"/etc/invar", "/var/profiles", "/storage"})
    (void)files->make_directories(folder);
  runtime::Environment environment;
  environment.loop = &loop;
  environment.pool = &pool;
  environment.disk_pool = &pool;
  environment.files = faults;
  environment.http = transport;
  environment.listen = network.listen();
  environment.metrics = metrics.get();
  environment.cluster = component::make_single_node({.name = "node", .address = "", .state = "participant"});
  environment.components = &components;
  environment.blocks = config_blocks();
  environment.storage_path = "/storage";
  controller = runtime::Controller::create(std::move(environment));
}

void ExampleRun::make_files(const std::string& config) {
  for (std::size_t at = 0; (at = config.find("\"/", at)) != std::string::npos; ++at) {
    const std::string line = config.substr(config.rfind('\n', at) + 1, at - config.rfind('\n', at));
    const std::string path = config.substr(at + 1, config.find('"', at + 1) - at - 1);
    if (path.find('*') != std::string::npos || line.find("file") == std::string::npos) continue;
    (void)files->make_directories(path.substr(0, path.rfind('/')));
    (void)files->write_file_atomically(path, "[]", 0644, false);
  }
}

runtime::Controller::LoadResult ExampleRun::load(const std::string& config) {
  make_files(config);
  runtime::Controller::LoadResult result;
  controller->load({{"example.alloy", config}}, ".",
                   [&](runtime::Controller::LoadResult done) { result = std::move(done); });
  loop.run_until_idle();
  return result;
}

bool ExampleRun::stop(Duration within) {
  bool stopped = false;
  controller->stop([&] { stopped = true; });
  loop.advance(within);
  return stopped;
}

}  // namespace invar::app::testing
