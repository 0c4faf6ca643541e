// pyroscope.fsdump: archives every profile that it receives as one file. User's page: docs/reference/components/.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_fsdump {
component::Registration registration();
}  // namespace invar::components::pyroscope_fsdump
