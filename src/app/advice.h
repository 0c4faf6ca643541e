// What `validate` says of arguments that are permitted and not wise; components log the same when they get them. Threads: any.
#pragma once

#include <vector>

#include "runtime/unwise_arguments.h"

namespace invar::app {

std::vector<runtime::Advice> advice();

}  // namespace invar::app
