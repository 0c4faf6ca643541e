// pyroscope.fsdump: archives every profile that it receives as one file. User's page: docs/reference/components/.
// Threads:  loop thread. The folder is claimed when the configuration is loaded (a few calls, whatever it holds), so that one that
//           cannot be used is refused there; everything else about the disk is done on the disk pool.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_fsdump {
component::Registration registration();
}  // namespace invar::components::pyroscope_fsdump
