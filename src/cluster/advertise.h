// Which address a node tells its peers. Spec: clustering.md 1.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace invar::cluster {

using InterfaceAddress = std::pair<std::string, std::string>;  // "eth0", "10.0.0.7"
std::vector<InterfaceAddress> interface_addresses();

// The best address of these interfaces (`all`: of any): IPv4 before IPv6, link-local ones last, never loopback. "" for none. Pure.
std::string best_address(const std::vector<InterfaceAddress>& addresses,
                         const std::vector<std::string>& interfaces);

}  // namespace invar::cluster
