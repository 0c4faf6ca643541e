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

// The command line with every value joined to its flag and every truth value spelt true or false, so that CLI11
// takes values as users know them: whatever follows a flag, also when it starts with a dash or is empty.
Result<std::vector<std::string>> plain_words(const CLI::App& app, std::vector<std::string> words);

// What is neither a known flag nor its value. CLI11 leaves it in order; unknown flags are errors, the rest
// are positionals.
Result<std::vector<std::string>> positionals(const CLI::App& command);

}  // namespace invar::app
