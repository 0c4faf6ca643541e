// The arguments of local.file_match. Spec: discovery.md 13.
#pragma once

#include <chrono>

#include "component/target.h"
#include "syntax/schema.h"

namespace invar::components::local_file_match {

struct Arguments {
  component::FlattenedTargets path_targets;
  Duration ignore_older_than{};
  Duration sync_period = std::chrono::seconds(10);
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::local_file_match
