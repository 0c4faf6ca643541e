// discovery.process: the processes of this machine as targets. User's page: docs/reference/components/discovery.process.md.
// Inside:   discovery.h looks at intervals and when proc_events.h tells; proc_reader.h reads, join.h adds containers, pure.
// Threads:  loop thread; /proc is read on the disk pool.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 10.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_process {

component::Registration registration();

}  // namespace invar::components::discovery_process
