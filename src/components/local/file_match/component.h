// local.file_match: targets for the files that match patterns. Spec: discovery.md 13.
#pragma once

#include "component/component.h"

namespace invar::components::local_file_match {

component::Registration registration();

}  // namespace invar::components::local_file_match
