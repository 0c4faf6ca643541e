#pragma once

#include "component/component.h"

namespace invar::components::discovery_http {

component::Registration registration();

}  // namespace invar::components::discovery_http
