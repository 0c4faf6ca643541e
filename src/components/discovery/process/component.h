// discovery.process: the processes of this machine as targets.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_process {

component::Registration registration();

}  // namespace invar::components::discovery_process
