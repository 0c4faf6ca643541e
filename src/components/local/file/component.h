// local.file: the content of a file as an export, kept up to date.
// The thin adapter between the controller and the class that does the work. User's page: docs/reference/components/local.file.md.
// Threads: loop thread. Lifetime: stopped before it is destroyed. Spec: discovery.md 13.
#pragma once

#include "component/component.h"

namespace invar::components::local_file {

component::Registration registration();

}  // namespace invar::components::local_file
