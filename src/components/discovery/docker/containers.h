// The targets of containers, from the answers of /containers/json and /networks.
// A container without an address of its own, that is not on the host's network either, gives none: nothing could be reached.
// Errors: what is wrong with the JSON. Cost: linear. Threads: any; pure. Spec: discovery.md 8.
#pragma once

#include <string_view>

#include "base/error.h"
#include "component/group_store.h"
#include "components/discovery/docker/arguments.h"

namespace invar::components::discovery_docker {

Result<component::Groups> read_containers(std::string_view containers, std::string_view networks,
                                          const Arguments& arguments);

}  // namespace invar::components::discovery_docker
