#include "components/discovery/dns/component.h"

#include "component/discovery.h"
#include "components/discovery/dns/arguments.h"
#include "components/discovery/dns/discovery.h"

namespace invar::components::discovery_dns {
namespace {

constexpr const char* kDocumentation =
    R"(Each record becomes a target: of `SRV` the host and port that it names, of `A` and `AAAA` the address with `port`, of `MX` and
`NS` the host with `port`. Names are looked up as `/etc/resolv.conf` says (servers, search list, `ndots`), which is read anew each
time. A name that does not exist, or has no such records, has no targets. A name that cannot be looked up keeps the targets it had.

Labels: `__meta_dns_name` (as configured), `__meta_dns_srv_record_target`, `__meta_dns_srv_record_port`,
`__meta_dns_mx_record_target`, `__meta_dns_ns_record_target`; those that do not apply are empty.
)";

constexpr const char* kExample = R"(discovery.dns "shop" {
  names = ["_pprof._tcp.shop.example.com"]
}

discovery.dns "hosts" {
  names = ["shop.example.com"]
  type  = "A"
  port  = 6060
}

pyroscope.scrape "shop" {
  targets    = array.concat(discovery.dns.shop.targets, discovery.dns.hosts.targets)
  forward_to = []
}
)";

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>({.name = "discovery.dns",
                                                       .summary = "Finds targets by DNS records.",
                                                       .arguments = &arguments_schema,
                                                       .documentation = kDocumentation,
                                                       .example = kExample},
                                                      &make_discoverer);
}

}  // namespace invar::components::discovery_dns
