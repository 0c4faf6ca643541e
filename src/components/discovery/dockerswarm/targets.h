// The targets of a swarm, from its API's answers. Whatever appears twice, or has no address, is left out.
// Errors: what is wrong with the JSON. Threads: any; pure. Spec: discovery.md 9.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "component/group_store.h"
#include "moby/client.h"

namespace invar::components::discovery_dockerswarm {

Result<component::Groups> read_services(std::string_view services, std::string_view networks,
                                        std::int64_t port);
// Tasks on attached networks get the ports on which their service's containers listen there.
Result<component::Groups> read_tasks(std::string_view tasks, std::string_view services,
                                     std::string_view nodes, std::string_view networks, std::int64_t port);
Result<component::Groups> read_nodes(std::string_view nodes, std::int64_t port);

}  // namespace invar::components::discovery_dockerswarm
