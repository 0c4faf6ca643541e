#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_enrich {

component::Registration registration();

}  // namespace invar::components::pyroscope_enrich
