#include "component/testing/component_harness.h"

#include "base/strings.h"

namespace invar::component::testing {

ComponentHarness::ComponentHarness(std::string component_id)
    : id(std::move(component_id)), metrics(registry->scope({{"component_id", id}})) {}

ComponentHarness::~ComponentHarness() {
  stop();
}

Options ComponentHarness::options() {
  Options o;
  o.id = id;
  auto sink = log::Sink::create([this](std::string_view line) { log.emplace_back(line); });
  sink->configure({});
  o.logger = log::Logger(std::move(sink));
  o.metrics = metrics.get();
  o.loop = &loop;
  o.pool = &pool;
  o.disk_pool = &pool;
  o.files = fs::posix();
  o.http = http;
  o.listen = network.listen();
  o.claims = claims.get();
  o.set_exports = [this](Boxed boxed) {
    if (exports.empty() || !(exports.back() == boxed)) exports.push_back(std::move(boxed));
  };
  return o;
}

bool ComponentHarness::stop() {
  if (!component) return true;
  bool done = false;
  component->stop([&done] { done = true; });
  const bool at_once = done;
  loop.run_until_idle();
  component.reset();
  return at_once || done;
}

std::string ComponentHarness::metric_lines(const std::string& prefix) const {
  std::string out;
  const std::string text = registry->collect();
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with(prefix)) out += std::string(line) + "\n";
  }
  return out;
}

int ComponentHarness::log_count(const std::string& text) const {
  int count = 0;
  for (const std::string& line : log) count += line.find(text) != std::string::npos ? 1 : 0;
  return count;
}

}  // namespace invar::component::testing
