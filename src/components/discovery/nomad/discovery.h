// Discovery of services that Nomad itself has registered. Threads: loop thread only. Spec: discovery.md 11c.
#pragma once

#include <memory>

#include "component/discovery.h"
#include "components/discovery/nomad/arguments.h"

namespace invar::components::discovery_nomad {

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_nomad
