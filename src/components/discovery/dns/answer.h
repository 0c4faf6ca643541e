// Reads the answer of a DNS server. Threads: any; pure. Spec: discovery.md 5.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "components/discovery/dns/arguments.h"

namespace invar::components::discovery_dns {

struct Record {
  std::string host;  // an address for A and AAAA, else a name without the dot at its end
  std::string port;  // SRV
  bool operator==(const Record&) const = default;
};

// The records of `type`, sorted; others (CNAME) are skipped. The root as the target of an SRV or MX record means that there is no
// such service. Errors: the message is malformed.
Result<std::vector<Record>> read_answer(std::span<const unsigned char> message, RecordType type);

}  // namespace invar::components::discovery_dns
