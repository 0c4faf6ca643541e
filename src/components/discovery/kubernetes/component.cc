#include "components/discovery/kubernetes/component.h"

#include <random>

#include "components/discovery/kubernetes/discovery.h"

namespace invar::components::discovery_kubernetes {
namespace {

constexpr const char* kDocumentation =
    R"(The targets follow the API server: a change there is exported within a second. The labels are those of Prometheus'
`kubernetes_sd_configs`, and begin with `__meta_kubernetes_`.

**Connection.** Inside of a cluster nothing has to be written: the service account of the pod is used, and its token is read again
when it changes. `kubeconfig_file` takes the current context of a kubeconfig, with certificates, tokens and `exec` plugins.
`api_server` is a URL, for which the HTTP arguments below count; they count for nothing else.

**Rights.** The service account needs `get`, `list` and `watch`:

| role | API group | resources |
|---|---|---|
| `pod` | `""` | `pods` |
| `node` | `""` | `nodes` |
| `service` | `""` | `services` |
| `endpoints` | `""` | `endpoints`, `services`, `pods` |
| `endpointslice` | `discovery.k8s.io`, `""` | `endpointslices`; `services`, `pods` |
| `ingress` | `networking.k8s.io` | `ingresses` |

`attach_metadata` needs `nodes` or `namespaces` in addition. What is not allowed is named in the health of the component, with the
rule that grants it. A namespace that is not allowed disturbs no other; pods, services, nodes and namespaces that are not allowed
cost their labels, not the targets. Through every failure the targets found before stay exported.

**Targets.**

| role | one target for each | address |
|---|---|---|
| `pod` | container port; a container without ports gives one | `podIP:port`, or `podIP` |
| `node` | node | address of the node with the kubelet's port |
| `service` | port of the service | `name.namespace.svc:port` |
| `endpoints`, `endpointslice` | address and port; and each further container port of the pods behind them | `ip:port` |
| `ingress` | path | host of the rule |

Several components of the same role, server, namespace and selector share one watch.
)";

constexpr const char* kExample = R"(discovery.kubernetes "pods" {
  role = "pod"
}

discovery.relabel "annotated" {
  targets = discovery.kubernetes.pods.targets

  rule {
    source_labels = ["__meta_kubernetes_pod_annotation_profiles_grafana_com_cpu_scrape"]
    regex         = "true"
    action        = "keep"
  }
}

pyroscope.scrape "pods" {
  targets    = discovery.relabel.annotated.output
  forward_to = []
}
)";

std::function<double()> random_fractions() {
  return [engine = std::minstd_rand(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

}  // namespace

component::Registration registration() {
  return component::discovery_registration(
      {.name = "discovery.kubernetes",
       .summary = "Discovers nodes, services, pods, endpoints and ingresses of a Kubernetes cluster.",
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      [hub = std::make_shared<kube::Hub>(random_fractions())](const component::Options& options,
                                                              const component::Boxed& arguments) {
        return make_discoverer(hub, options, arguments.as<Arguments>());
      });
}

}  // namespace invar::components::discovery_kubernetes
