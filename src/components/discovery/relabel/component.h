#pragma once

#include "component/component.h"

namespace invar::components::discovery_relabel {

component::Registration registration();

}  // namespace invar::components::discovery_relabel
