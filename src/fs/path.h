// Paths as text.
#pragma once

#include <string>
#include <string_view>

namespace invar::fs {

// One slash stands between, also when the directory (never empty) is written with one at its end.
inline std::string join_path(std::string directory, std::string_view name) {
  if (!directory.ends_with('/')) directory += '/';
  return directory.append(name);
}

}  // namespace invar::fs
