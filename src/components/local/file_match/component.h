// local.file_match: targets for the files that match patterns. User's page: docs/reference/components/local.file_match.md.
// Inside:   discovery.h polls; path_pattern.h walks.
// Threads:  loop thread; the disk is read on the pool.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 13.
#pragma once

#include "component/component.h"

namespace invar::components::local_file_match {

component::Registration registration();

}  // namespace invar::components::local_file_match
