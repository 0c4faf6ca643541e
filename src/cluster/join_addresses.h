// The addresses of --cluster.join-addresses as host:port to join.
// An entry is host[:port], or dns+, dnssrv+ or dnssrvnoa+ in front of one. Without a prefix an IP address stands for itself; a name is
// looked up as addresses, then as services. What cannot be resolved is named; only when nothing can is that an error.
// Threads: blocks while it looks up: pool only. Spec: clustering.md 1.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"

namespace invar::cluster {

struct Lookup {
  std::function<Result<std::vector<std::string>>(const std::string& name)> addresses;  // A and AAAA
  std::function<Result<std::vector<std::string>>(const std::string& name)> services;   // targets of SRV
};
Lookup system_lookup();  // /etc/hosts, /etc/resolv.conf

struct JoinAddresses {
  std::vector<std::string> addresses;  // each once, in order
  std::vector<std::string> failures;   // sentences
};
Result<JoinAddresses> resolve_join_addresses_blocking(const std::vector<std::string>& entries,
                                                      std::uint16_t default_port, const Lookup& lookup);

// At most so many of them, by chance; 0 is all.
std::vector<std::string> choose(std::vector<std::string> addresses, std::size_t at_most,
                                const std::function<std::uint64_t()>& random);

}  // namespace invar::cluster
