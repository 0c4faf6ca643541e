// Discovery of the services of one Consul agent. Threads: loop thread only. Spec: discovery.md 11b.
#pragma once

#include <memory>

#include "component/discovery.h"
#include "components/discovery/consulagent/arguments.h"

namespace invar::components::discovery_consulagent {

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_consulagent
