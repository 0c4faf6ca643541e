// ComponentHarness: what a component is given by the controller, for tests: virtual time, inline pool, fake HTTP on both sides, real disk,
// metrics and log on hand, and the exports as they were published (equal ones ignored, as the controller does).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/testing/test_loop.h"
#include "component/component.h"
#include "http/testing/fake_network.h"
#include "http/testing/fake_transport.h"

namespace invar::component::testing {

class ComponentHarness {
 public:
  explicit ComponentHarness(std::string id);
  ~ComponentHarness();

  [[nodiscard]] Options options();

  // Builds from arguments as they are decoded; start() is the test's.
  template <class Arguments>
  Result<> build(const Registration& registration, Arguments arguments) {
    auto made = registration.build(options(), Boxed::of(*registration.arguments, std::move(arguments)));
    if (!made) return std::unexpected(made.error());
    component = std::move(*made);
    return {};
  }
  template <class Arguments>
  Result<> update(const Registration& registration, Arguments arguments) {
    return component->update(Boxed::of(*registration.arguments, std::move(arguments)));
  }
  // Stops and destroys the component; false when stop() was not done at once.
  bool stop();

  // Lines of /metrics that begin with `prefix`, comments left out.
  [[nodiscard]] std::string metric_lines(const std::string& prefix) const;
  [[nodiscard]] int log_count(const std::string& text) const;  // log lines that contain it

  std::string id;
  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  std::shared_ptr<http::testing::FakeTransport> http = std::make_shared<http::testing::FakeTransport>(loop);
  http::testing::FakeNetwork network;
  std::shared_ptr<Claims> claims = std::make_shared<Claims>(loop);  // may be shared with another component's
  std::unique_ptr<metrics::Registry> registry = metrics::Registry::create();
  std::unique_ptr<metrics::Scope> metrics;
  std::vector<std::string> log;
  std::vector<Boxed> exports;
  std::unique_ptr<Component> component;
};

}  // namespace invar::component::testing
