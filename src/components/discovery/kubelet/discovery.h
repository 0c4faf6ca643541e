// Discovery of the pods of one node, by asking its kubelet. Threads: loop thread only; answers are read on the pool.
// Spec: discovery.md 11a.
#pragma once

#include <memory>

#include "component/discovery.h"
#include "components/discovery/kubelet/arguments.h"

namespace invar::components::discovery_kubelet {

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_kubelet
