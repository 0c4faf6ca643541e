// pyroscope.write: sends every profile that it receives to Pyroscope servers. User's page: docs/reference/components/.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_write {
component::Registration registration();
}  // namespace invar::components::pyroscope_write
