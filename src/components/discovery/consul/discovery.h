// Discovery of the services of a Consul catalog: a watch of the catalog, where it has to be known which services there are, and one of
// each service. Threads: loop thread only. Spec: discovery.md 11.
#pragma once

#include <functional>
#include <memory>

#include "component/discovery.h"
#include "components/discovery/consul/arguments.h"

namespace invar::components::discovery_consul {

// `random` from 0 to 1.
Result<std::unique_ptr<component::Discoverer>> make_discoverer(std::function<double()> random,
                                                               const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_consul
