#include "components/discovery/nomad/component.h"

#include "components/discovery/nomad/discovery.h"

namespace invar::components::discovery_nomad {
namespace {

constexpr const char* kDocumentation =
    R"(The services are those of Nomad's own service discovery (`provider = "nomad"`, Nomad 1.3 and newer); services that Nomad registers
with Consul are found by `discovery.consul`. A token of Nomad's access control goes into `authorization` or `bearer_token`.

It is experimental as it was tested against recorded forms of Nomad's answers only, not against a Nomad.

While Nomad cannot be asked the targets found before stay exported and the component is unhealthy.

| Label | Value |
|---|---|
| `__meta_nomad_service`, `__meta_nomad_service_id` | Name of the service, id of the instance. |
| `__meta_nomad_address`, `__meta_nomad_service_address`, `__meta_nomad_service_port` | Its address and port. |
| `__meta_nomad_tags` | Its tags, with the separator before, between and behind them; missing without tags. |
| `__meta_nomad_dc`, `__meta_nomad_namespace`, `__meta_nomad_node_id` | Data center, namespace and node. |
)";

constexpr const char* kExample = R"(discovery.nomad "shop" {
  server = "http://127.0.0.1:4646"
}

pyroscope.scrape "shop" {
  targets    = discovery.nomad.shop.targets
  forward_to = []
}
)";

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>(
      {.name = "discovery.nomad",
       .summary = "Discovers services that are registered with Nomad.",
       .stability = syntax::Stability::kExperimental,
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make_discoverer);
}

}  // namespace invar::components::discovery_nomad
