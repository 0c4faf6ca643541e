// Registration of discovery.kubernetes. All components made by one registration share their watches.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_kubernetes {

component::Registration registration();

}  // namespace invar::components::discovery_kubernetes
