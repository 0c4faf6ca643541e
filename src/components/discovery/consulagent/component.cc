#include "components/discovery/consulagent/component.h"

#include "components/discovery/consulagent/discovery.h"

namespace invar::components::discovery_consulagent {
namespace {

constexpr const char* kDocumentation =
    R"(Asks one Consul agent, usually that of the host, for the services that are registered with it, in three requests whatever their
number. `discovery.consul` asks the catalog of the whole data center. With `tags` only the instances that have all of them are
targets. While the agent cannot be asked the targets found before stay exported and the component is unhealthy.

| Label | Value |
|---|---|
| `__meta_consulagent_service`, `__meta_consulagent_service_id` | Name of the service, id of the instance. |
| `__meta_consulagent_service_address`, `__meta_consulagent_service_port` | Its address, which may be empty, and port. |
| `__meta_consulagent_tags` | Its tags, with the separator before, between and behind them: `,a,b,`. |
| `__meta_consulagent_health` | The worst check of the service: `maintenance`, `critical`, `warning` or `passing`. |
| `__meta_consulagent_service_metadata_<key>`, `__meta_consulagent_tagged_address_<key>` | Its metadata and further addresses. |
| `__meta_consulagent_node`, `__meta_consulagent_address`, `__meta_consulagent_dc` | Name, address and data center of the agent. |
| `__meta_consulagent_metadata_<key>` | The agent's metadata. |
)";

constexpr const char* kExample = R"(discovery.consulagent "host" {
  server = "127.0.0.1:8500"
  tags   = ["profiled"]
}

pyroscope.scrape "host" {
  targets    = discovery.consulagent.host.targets
  forward_to = []
}
)";

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>(
      {.name = "discovery.consulagent",
       .summary = "Discovers the services of one Consul agent.",
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make_discoverer);
}

}  // namespace invar::components::discovery_consulagent
