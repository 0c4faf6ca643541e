// discovery.azure: virtual machines of Azure as targets.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_azure {

component::Registration registration();

}  // namespace invar::components::discovery_azure
