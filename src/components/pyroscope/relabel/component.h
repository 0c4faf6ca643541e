#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_relabel {

component::Registration registration();

}  // namespace invar::components::pyroscope_relabel
