// What the files of the command line share: the words that CLI11 leaves, and errors of usage.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace CLI {
class App;
}

namespace invar::app {

// An error about how the command was called.
std::unexpected<Error> usage(std::string message);

// What is neither a known flag nor its value. CLI11 leaves it in order; unknown flags are errors, the rest
// are positionals.
Result<std::vector<std::string>> positionals(const CLI::App& command);

}  // namespace invar::app
