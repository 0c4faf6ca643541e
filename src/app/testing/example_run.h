// ExampleRun: a configuration, as the example of a component is one, under a controller of its own, on a disk in memory and a network of
// which nothing answers. Every file that the text reads exists.
// Shape:   ExampleRun run(components()); run.load(example); run.controller->start(); run.loop.advance(20s);
// Lifetime: `components` outlives it.
#pragma once

#include <memory>
#include <string>

#include "async/testing/test_loop.h"
#include "component/component.h"
#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"
#include "http/testing/fake_network.h"
#include "http/testing/fake_transport.h"
#include "runtime/controller.h"

namespace invar::app::testing {

class ExampleRun {
 public:
  explicit ExampleRun(const component::Registry& components);

  runtime::Controller::LoadResult load(const std::string& config);
  // Whether it had stopped after `within`.
  bool stop(Duration within);

  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  std::shared_ptr<fs::testing::MemoryFileSystem> files = fs::testing::MemoryFileSystem::create();
  std::shared_ptr<fs::testing::FaultFileSystem> faults = fs::testing::FaultFileSystem::create(files);
  std::shared_ptr<http::testing::FakeTransport> transport =
      std::make_shared<http::testing::FakeTransport>(loop);
  std::unique_ptr<metrics::Registry> metrics = metrics::Registry::create();
  http::testing::FakeNetwork network;
  std::unique_ptr<runtime::Controller> controller;

 private:
  void make_files(const std::string& config);
};

}  // namespace invar::app::testing
