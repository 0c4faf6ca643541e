// discovery.dns: the records of names as targets.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_dns {

component::Registration registration();

}  // namespace invar::components::discovery_dns
