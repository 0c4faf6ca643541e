// HealthParts: what the controller itself knows about the health of one component: did it run, did its last
// evaluation work. Combined with the component's own part into the one health that users see. Spec:
// runtime.md 8 (states and texts). Threads: any; a value.
#pragma once

#include <optional>
#include <string>

#include "component/component.h"

namespace invar::runtime {

class HealthParts {
 public:
  explicit HealthParts(UnixNanos now);
  void evaluated(UnixNanos now);
  void evaluation_failed(const std::string& why, UnixNanos now);
  void started(UnixNanos now);
  void stopped(const std::optional<Error>& error, UnixNanos now);
  [[nodiscard]] component::Health combined(const std::optional<component::Health>& own) const;

 private:
  component::Health run_, evaluation_;
};

}  // namespace invar::runtime
