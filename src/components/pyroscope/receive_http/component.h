#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_receive_http {

component::Registration registration();

}  // namespace invar::components::pyroscope_receive_http
