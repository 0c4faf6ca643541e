#pragma once

#include "component/component.h"

namespace invar::components::discovery_file {

component::Registration registration();

}  // namespace invar::components::discovery_file
