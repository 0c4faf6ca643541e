// pyroscope.ebpf: profiles of every program of this machine, taken by the kernel. Spec: ebpf.md.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_ebpf {

component::Registration registration();

}  // namespace invar::components::pyroscope_ebpf
