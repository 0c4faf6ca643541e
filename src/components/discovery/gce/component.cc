#include "components/discovery/gce/component.h"

#include "components/discovery/gce/discovery.h"
#include "http/proxy.h"

namespace invar::components::discovery_gce {
namespace {

constexpr const char* kDocumentation =
    R"(Each instance with a network interface is a target, with the address of its first one. One component looks at one zone of one
project.

**Credentials** are Google's application default credentials: the file in `GOOGLE_APPLICATION_CREDENTIALS` or gcloud's own (the key of a
service account, or a user's), else the service account of the instance that Invar runs on. They need the right to list instances
(`roles/compute.viewer`).

It is experimental as it was tested against the documented answers of Google's API only, not against Google.

While the API cannot be asked the targets found before stay exported and the component is unhealthy.

| Label | Value |
|---|---|
| `__meta_gce_instance_id`, `_instance_name`, `_instance_status`, `_machine_type` | The instance. |
| `__meta_gce_project`, `_zone`, `_network`, `_subnetwork` | Where it is. |
| `__meta_gce_private_ip`, `_public_ip`, `_interface_ipv4_<name>` | Its addresses. |
| `__meta_gce_tags` | Its tags, with the separator before, between and behind them; missing without tags. |
| `__meta_gce_label_<name>`, `_metadata_<name>` | Its labels and metadata. |
)";

constexpr const char* kExample = R"(discovery.gce "shop" {
  project = "shop-production"
  zone    = "europe-west1-b"
  filter  = "labels.profiled=true"
  port    = 6060
}

pyroscope.scrape "shop" {
  targets    = discovery.gce.shop.targets
  forward_to = []
}
)";

Result<std::unique_ptr<component::Discoverer>> make(const component::Options& options,
                                                    const Arguments& arguments) {
  return make_discoverer(http::process_environment(), options, arguments);
}

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>(
      {.name = "discovery.gce",
       .summary = "Discovers the instances of Google Compute Engine.",
       .stability = syntax::Stability::kExperimental,
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make);
}

}  // namespace invar::components::discovery_gce
