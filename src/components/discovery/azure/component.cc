#include "components/discovery/azure/component.h"

#include "components/discovery/azure/arguments.h"
#include "components/discovery/azure/discovery.h"
#include "http/proxy.h"

namespace invar::components::discovery_azure {
namespace {

constexpr const char* kDocumentation =
    R"(Each virtual machine of the subscription that runs is a target, with the private address of its primary network interface:
machines of their own and those of scale sets. One component looks at one subscription.

Exactly one of these blocks says who asks:

* `oauth`: an application with its secret.
* `managed_identity`: one of the machine that Invar runs on, asked from its metadata service.
* `workload_identity`: that of the pod that Invar runs in, in a cluster of AKS: by `AZURE_CLIENT_ID`, `AZURE_TENANT_ID` and
  `AZURE_FEDERATED_TOKEN_FILE`, which Azure's webhook sets in pods with the label `azure.workload.identity/use: "true"` whose service
  account names the identity. The file is read again for every token.
* `sdk_auth`: what the environment names, the first of an application (`AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, `AZURE_CLIENT_SECRET`), a
  workload identity (where `AZURE_FEDERATED_TOKEN_FILE` is set) and a managed identity (`AZURE_CLIENT_ID`, or without it the machine's
  own). Tools of Azure that somebody logged in with (`az`) are not asked.

`AZURE_AUTHORITY_HOST` says to both of the latter where tokens are got. The identity needs the right to read machines and
network interfaces (the role `Reader`). Other authorization of the HTTP client options is refused.

A network interface is asked for by itself and remembered for ten refreshes, so the first refresh makes a request for each machine.
While Azure cannot be asked the targets found before stay exported and the component is unhealthy.

It is experimental as it was tested against a server of ours that answers as Azure's documentation says, not against Azure.

| Label | Value |
|---|---|
| `__meta_azure_subscription_id`, `_tenant_id` | Whose it is; the tenant is that of `oauth` or `sdk_auth`, else empty. |
| `__meta_azure_machine_id`, `_machine_name`, `_machine_computer_name` | The machine. |
| `__meta_azure_machine_os_type`, `_machine_size`, `_machine_location`, `_machine_resource_group` | What it is, and where. |
| `__meta_azure_machine_private_ip`, `_machine_public_ip` | Its addresses; without a public one the label is missing. |
| `__meta_azure_machine_scale_set` | Its scale set; missing for a machine of its own. |
| `__meta_azure_machine_tag_<name>` | Its tags. |
)";

constexpr const char* kExample = R"(discovery.azure "shop" {
  subscription_id = "11111111-2222-3333-4444-555555555555"
  port            = 6060

  managed_identity {
    client_id = "66666666-7777-8888-9999-000000000000"
  }
}

pyroscope.scrape "shop" {
  targets    = discovery.azure.shop.targets
  forward_to = []
}
)";

Result<std::unique_ptr<component::Discoverer>> make(const component::Options& options,
                                                    const Arguments& arguments) {
  return make_discoverer(http::process_environment(), options, arguments);
}

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>({.name = "discovery.azure",
                                                       .summary = "Discovers the virtual machines of Azure.",
                                                       .stability = syntax::Stability::kExperimental,
                                                       .arguments = &arguments_schema,
                                                       .documentation = kDocumentation,
                                                       .example = kExample},
                                                      &make);
}

}  // namespace invar::components::discovery_azure
