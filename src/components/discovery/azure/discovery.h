// Discovery of virtual machines of Azure: the machines, the scale sets, the machines of each, then the interfaces that are not
// remembered, one request after the other. Threads: loop thread only. Spec: discovery.md 11f.
#pragma once

#include <memory>

#include "component/discovery.h"
#include "components/discovery/azure/access.h"

namespace invar::components::discovery_azure {

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const Environment& environment,
                                                               const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_azure
