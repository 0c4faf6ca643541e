#pragma once

#include "component/component.h"

namespace invar::components::local_file {

component::Registration registration();

}  // namespace invar::components::local_file
