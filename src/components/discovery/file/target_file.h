// Target files: JSON as of component/target_group.h, or the same in YAML. The reader is strict: unknown and repeated keys fail.
// YAML scalars keep their text (`2.50`, `true`), anchors and merge keys work, only the first document counts.
// Errors: kInvalidArgument with the line for YAML. Threads: any; pure. Spec: discovery.md 4.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "component/target_group.h"

namespace invar::components::discovery_file {

enum class Format { kJson, kYaml };
std::optional<Format> file_format(std::string_view path);  // by the ending, in any case

Result<std::vector<component::TargetGroup>> parse_target_file(std::string_view text, Format format);

}  // namespace invar::components::discovery_file
