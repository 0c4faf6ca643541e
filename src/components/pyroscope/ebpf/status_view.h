// What a person sees of the engine: debug info, and what does not work. Pure. Spec: ebpf.md 5.
#pragma once

#include <string>
#include <vector>

#include "component/component.h"
#include "components/pyroscope/ebpf/arguments.h"
#include "ebpf/engine.h"

namespace invar::components::pyroscope_ebpf {

component::BodyValue status_body(const Arguments& arguments, bool running, const ebpf::EngineStatus& status);
// Sentences about what is lost or cannot be named.
std::vector<std::string> shortcomings(const ebpf::EngineStatus& status);

}  // namespace invar::components::pyroscope_ebpf
