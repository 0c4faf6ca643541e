// Toy components for tests of the controller: each does one small thing and writes down what happens to it.
//
//   toy.sum     value, inputs, note, fail -> sum         value plus inputs, published from build() and
//   update() toy.echo    input -> output                          any value toy.count   frequency, max ->
//   count                  counts up after start, by the loop's clock toy.pulse   frequency, forward_to
//   offers a profile to its receivers, by the loop's clock toy.sink    -> receiver, taken toy.slow    input
//   -> output                          stops only when the test says release_stop(id) toy.early   (no
//   exports)                             at the experimental stability level string.toy  input -> output
//   hides a name of the standard library; discovery.toy is toy.sum under a name of helpers. `fail` of toy.sum: "build", "update", or "" for neither.
// Threads: the test's. Lifetime: ToyBox outlives the controller.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "component/component.h"

namespace invar::runtime::testing {

class ToyBox {
 public:
  ToyBox();
  ToyBox(const ToyBox&) = delete;
  ToyBox& operator=(const ToyBox&) = delete;

  [[nodiscard]] const component::Registry& registry() const { return registry_; }

  // "build ID", "start ID", "update ID", "stop ID", "destroy ID", and "build failed ID", "update failed ID".
  std::vector<std::string> take_events();
  void note(std::string event) { events_.push_back(std::move(event)); }

  // toy.slow.
  void hold_stop(const std::string& id, async::Task done);
  void release_stop(const std::string& id);
  [[nodiscard]] bool stop_held(const std::string& id) const { return held_.contains(id); }

  // toy.sum: makes an instance publish a value as if something outside had changed it.
  void publish_sum(const std::string& id, std::int64_t sum);
  std::map<std::string, std::function<void(std::int64_t)>>& publishers() { return publishers_; }

  // What toy.sum reports as its own health, by id.
  std::map<std::string, component::Health> own_health;

 private:
  component::Registry registry_;
  std::vector<std::string> events_;
  std::map<std::string, async::Task> held_;
  std::map<std::string, std::function<void(std::int64_t)>> publishers_;
};

}  // namespace invar::runtime::testing
