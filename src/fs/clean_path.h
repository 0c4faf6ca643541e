// Paths taken apart as text: the disk is not looked at. Threads: any; pure.
#pragma once

#include <string>
#include <string_view>

namespace invar::fs {

// Without `.`, `..` and doubled slashes where that can be done without looking at the disk; never empty.
std::string clean_path(std::string_view path);
// The path up to its last slash; "." when it has none, "/" when that is its first.
std::string directory_of(std::string_view path);

}  // namespace invar::fs
