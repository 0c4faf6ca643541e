// The arguments of discovery.file. Spec: discovery.md 4.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "syntax/schema.h"

namespace invar::components::discovery_file {

struct Arguments {
  std::vector<std::string> files;
  Duration refresh_interval = std::chrono::minutes(5);
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

// `<dir>/<name>.json|.yml|.yaml` (any case); `*` in the last part only. Errors: `path name "x" is not valid for file discovery`,
// or what is wrong with the pattern.
Result<> validate_pattern(const std::string& pattern);

}  // namespace invar::components::discovery_file
