#include "components/discovery/kubelet/component.h"

#include "components/discovery/kubelet/discovery.h"

namespace invar::components::discovery_kubelet {
namespace {

constexpr const char* kDocumentation =
    R"(Asks a kubelet for the pods that run on its node (`GET <url>/pods`). It is made for an agent on every node: it costs the API
server nothing. Where one agent looks at many nodes, `discovery.kubernetes` is the better choice.

The targets and their labels are those of the role `pod` of `discovery.kubernetes`: one target for each container port, or one with
the bare address for a container without ports.

The service account needs the right to `get` the resource `nodes/proxy`. The kubelet's certificate is often signed by another authority
than the cluster's, or by itself; then `tls_config` needs its authority, or `insecure_skip_verify`.

When the kubelet cannot be asked, or answers with anything but a list of pods, the targets found before stay exported and the
component is unhealthy.

It is tested against the kubelet of Kubernetes 1.26 itself, whose containers are fakes.
)";

constexpr const char* kExample = R"(discovery.kubelet "node" {
  url               = "https://127.0.0.1:10250"
  bearer_token_file = "/var/run/secrets/kubernetes.io/serviceaccount/token"

  tls_config {
    insecure_skip_verify = true
  }
}

pyroscope.scrape "node" {
  targets    = discovery.kubelet.node.targets
  forward_to = []
}
)";

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>(
      {.name = "discovery.kubelet",
       .summary = "Discovers the pods of one node by asking its kubelet.",
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make_discoverer);
}

}  // namespace invar::components::discovery_kubelet
