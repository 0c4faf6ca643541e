// What the API and the status page see of the running components. The controller implements ComponentDirectory; services read it.
// Threads: loop thread only. Spec: cli-http-ui.md 5 and 6.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "component/component.h"

namespace invar::component {

struct LedgerView {
  std::string destination;
  std::map<std::string, pipeline::LedgerRow, std::less<>> rows;  // by profile type
};

// cli-http-ui.md 6.1. The bodies are filled by details() only.
struct ComponentView {
  std::string name, local_id, module_id, label;
  std::vector<std::string> references_to, referenced_by, data_flow_edges_to;
  Health health;
  std::vector<std::string> created_module_ids;
  BodyValue arguments, exports, debug_info;
  std::vector<Problem> problems;  // all there are: an unhealthy component has at least one
  std::vector<LedgerView> ledgers;

  [[nodiscard]] std::string id() const { return module_id.empty() ? local_id : module_id + "/" + local_id; }
};

// What `--skip-other-pipelines` leaves to another agent that reads the same configuration.
struct OtherPipelines {
  struct Block {
    std::string name, id, place;
    std::vector<std::int64_t> ports;  // on which it would listen, as far as they are written
  };
  std::vector<Block> left_out;   // each text once, whatever is made of it
  std::vector<Block> listeners;  // of what remains
};

// A component itself. Valid until the loop's next turn.
struct RunningComponent {
  const Registration* registration = nullptr;
  Component* component = nullptr;  // null: it could not be built yet
  pipeline::Tap tap;
  const Boxed* arguments = nullptr;  // that it took last; may be empty
  const Boxed* exports = nullptr;
};

class ComponentDirectory {
 public:
  virtual ~ComponentDirectory() = default;
  [[nodiscard]] virtual bool ready() const = 0;
  [[nodiscard]] virtual std::vector<ComponentView> list(std::string_view module_id) const = 0;
  [[nodiscard]] virtual std::optional<ComponentView> details(std::string_view id) const = 0;  // whole id
  [[nodiscard]] virtual std::vector<std::string> unhealthy_component_names() const = 0;  // for /-/healthy
  // Of the root and of all modules below it.
  [[nodiscard]] virtual std::vector<ComponentView> list_all() const { return list(""); }
  // Null for what is no component of the registry.
  [[nodiscard]] virtual std::optional<RunningComponent> running(std::string_view /*id*/) const {
    return std::nullopt;
  }
  [[nodiscard]] virtual bool has_module(std::string_view module_id) const { return module_id.empty(); }
  [[nodiscard]] virtual OtherPipelines other_pipelines() const { return {}; }
};

}  // namespace invar::component
