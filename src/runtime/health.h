// HealthParts: what the controller itself knows about the health of one node: did it run, did its last
// evaluation work. Combined with the node's own part into the one health that users see. Spec:
// runtime.md 8 (states and texts). Threads: any; a value.
#pragma once

#include <optional>
#include <string>

#include "component/component.h"

namespace invar::runtime {

// How the texts of a kind of node name it.
struct HealthWords {
  const char* created;    // "<created> created"
  const char* evaluated;  // "<evaluated> evaluated", "<evaluated> evaluation failed: ..."
  const char* started;    // "started <started>"
  const char* stopped;    // "<stopped> shut down cleanly", "<stopped> shut down with error: ..."
};
inline constexpr HealthWords kComponentWords{"component", "component", "component", "component"};
inline constexpr HealthWords kCustomWords{"node custom component", "component", "custom component",
                                          "custom component"};
inline constexpr HealthWords kForeachWords{"foreach", "foreach", "foreach", "foreach node"};
inline constexpr HealthWords kImportWords{"import", "source", "import", "import"};

class HealthParts {
 public:
  explicit HealthParts(UnixNanos now, const HealthWords& words = kComponentWords);
  void evaluated(UnixNanos now);
  void evaluation_failed(const std::string& why, UnixNanos now);
  void started(UnixNanos now);
  void stopped(const std::optional<Error>& error, UnixNanos now);
  [[nodiscard]] component::Health combined(const std::optional<component::Health>& own) const;

 private:
  const HealthWords* words_;
  component::Health run_, evaluation_;
};

}  // namespace invar::runtime
