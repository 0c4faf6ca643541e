// The `livedebugging` block: read and checked, so that files which have one load; a line of the log says that it has no effect yet.
// Source: decision 19.
#pragma once

#include "base/log.h"
#include "runtime/controller.h"

namespace invar::app {

runtime::ConfigBlock livedebugging_block(log::Logger logger);

}  // namespace invar::app
