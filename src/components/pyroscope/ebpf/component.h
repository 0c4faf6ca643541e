// pyroscope.ebpf: profiles of every program of this machine, taken by the kernel. User's page: docs/reference/components/pyroscope.ebpf.md.
// Inside:   profiler.h keeps the engine going and has its states; profiles.h makes profiles of stacks, pure.
// Threads:  loop thread; the engine (src/ebpf) works on a pool.
// Lifetime: stopped before it is destroyed. Spec: ebpf.md.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_ebpf {

component::Registration registration();

}  // namespace invar::components::pyroscope_ebpf
