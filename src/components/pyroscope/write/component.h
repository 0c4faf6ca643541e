// pyroscope.write: sends every profile that it receives to Pyroscope servers. User's page: docs/reference/components/pyroscope.write.md.
// Inside:   writer.h fans out to endpoints (src/delivery, with their states); destination.h reads the arguments, pure.
// Threads:  loop thread; the disk queue on the disk pool.
// Lifetime: stopped before it is destroyed. Spec: pyroscope-write.md.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_write {
component::Registration registration();
}  // namespace invar::components::pyroscope_write
