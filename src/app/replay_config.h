// Reads a file with the arguments of a pyroscope.write component, for `invar archive replay --config`. Blocks.
// Errors: the file's; its mistakes as diagnostics in one text.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "delivery/destination.h"
#include "fs/filesystem.h"

namespace invar::app {

Result<std::vector<delivery::Destination>> read_destinations(fs::FileSystem& files, const std::string& path);

}  // namespace invar::app
