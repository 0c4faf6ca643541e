// Rig: a controller over toys, virtual time and captured logs, for tests.
//   Rig rig;  rig.load("toy.echo \"a\" { input = \"x\" }");  rig.start();  rig.loop.advance(1s);
//   EXPECT_EQ(rig.exported("toy.echo.a", "output"), "\"x\"");
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/testing/test_loop.h"
#include "fs/testing/memory_fs.h"
#include "http/testing/fake_transport.h"
#include "runtime/controller.h"
#include "runtime/testing/toys.h"

namespace invar::runtime::testing {

// A service and a config block that remember what they were given.
struct KnobArguments {
  std::string text = "default";
  bool operator==(const KnobArguments&) const = default;
};
const syntax::Schema& knob_schema();

class Rig {
 public:
  struct Options {
    syntax::Stability min_stability = syntax::Stability::kExperimental;
    Duration shutdown_deadline = std::chrono::minutes(10);
    bool skip_other_pipelines = false;
  };
  Rig() : Rig(Options{}) {}
  explicit Rig(Options options);
  ~Rig();

  // One file, main.alloy.
  Controller::LoadResult load(const std::string& text);
  Controller::LoadResult load_files(const std::vector<SourceFile>& sources);
  // load() must work; then start, and the loop turns until it is idle.
  void run(const std::string& text);
  // load() whatever comes of it, and the loop turns until it is idle.
  Controller::LoadResult reload(const std::string& text);
  // stop() and virtual time until it is done.
  void stop();

  [[nodiscard]] std::string exported(const std::string& id, const std::string& field) const;  // as Alloy text
  [[nodiscard]] std::string health(const std::string& id) const;  // "healthy: message"
  [[nodiscard]] std::vector<std::string> ids() const;
  [[nodiscard]] std::string metrics_page() const { return registry->collect(); }
  [[nodiscard]] bool metric_line(const std::string& line) const;  // is it on the page, whole?
  [[nodiscard]] std::string log_text() const { return *log_; }
  void clear_log() { log_->clear(); }

  ToyBox toys;
  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  std::shared_ptr<fs::testing::MemoryFileSystem> files = fs::testing::MemoryFileSystem::create();
  std::shared_ptr<http::testing::FakeTransport> http = std::make_shared<http::testing::FakeTransport>(loop);
  std::unique_ptr<metrics::Registry> registry;
  std::vector<std::string> knob, service;  // texts given to `knob` and `service`; "refuse" is refused
  std::vector<ConfigBlock> blocks;
  std::unique_ptr<Controller> controller;

 private:
  std::shared_ptr<std::string> log_ = std::make_shared<std::string>();
};

// The diagnostics as they are printed, without the last line end.
std::string printed(const syntax::Diagnostics& diagnostics);
// What validate() says of one file with the rig's blocks, printed.
std::string validated(const std::string& text,
                      syntax::Stability min_stability = syntax::Stability::kExperimental,
                      fs::FileSystem* files = nullptr);

}  // namespace invar::runtime::testing
