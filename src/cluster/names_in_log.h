#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace invar::cluster {

// The first ten: a line of the log names no more.
inline std::string names_in_log(std::vector<std::string> names) {
  names.resize(std::min<std::size_t>(names.size(), 10));
  return join(names, ",");
}

}  // namespace invar::cluster
