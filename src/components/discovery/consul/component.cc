#include "components/discovery/consul/component.h"

#include <random>

#include "components/discovery/consul/discovery.h"

namespace invar::components::discovery_consul {
namespace {

constexpr const char* kDocumentation =
    R"(The instances of each service are watched with Consul's blocking queries: a change is exported soon after it is in the catalog,
at most once per `refresh_interval` and service. With `services` and without `tags` the catalog itself is not asked for. The address
of a target is the service's, or the node's where the service has none, with the port of the service. Instances of every health are
targets; a rule on `__meta_consul_health` chooses.

While Consul cannot be asked the targets found before stay exported and the component is unhealthy. A service that cannot be asked
for, for want of a right, disturbs no other.

| Label | Value |
|---|---|
| `__meta_consul_service`, `__meta_consul_service_id` | Name of the service, id of the instance. |
| `__meta_consul_service_address`, `__meta_consul_service_port` | Its address, which may be empty, and port. |
| `__meta_consul_tags` | Its tags, with the separator before, between and behind them: `,a,b,`. |
| `__meta_consul_health` | The worst of its checks: `maintenance`, `critical`, `warning` or `passing`. |
| `__meta_consul_service_metadata_<key>` | Its metadata. |
| `__meta_consul_node`, `__meta_consul_address`, `__meta_consul_dc` | Name, address and data center of the node. |
| `__meta_consul_metadata_<key>`, `__meta_consul_tagged_address_<key>` | The node's metadata and further addresses. |
| `__meta_consul_namespace`, `__meta_consul_partition` | Of Consul Enterprise, else empty. |
)";

constexpr const char* kExample = R"(discovery.consul "shop" {
  server   = "127.0.0.1:8500"
  services = ["cart", "checkout"]
}

pyroscope.scrape "shop" {
  targets    = discovery.consul.shop.targets
  forward_to = []
}
)";

Result<std::unique_ptr<component::Discoverer>> make(const component::Options& options,
                                                    const Arguments& arguments) {
  return make_discoverer(
      [engine = std::minstd_rand(std::random_device()())]() mutable {
        return std::uniform_real_distribution<double>(0, 1)(engine);
      },
      options, arguments);
}

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>(
      {.name = "discovery.consul",
       .summary = "Discovers the services of a Consul catalog.",
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make);
}

}  // namespace invar::components::discovery_consul
