#include "components/remote/kubernetes_configmap/component.h"

#include "kube_shared/data.h"

namespace invar::components::remote_kubernetes_configmap {
namespace {

constexpr const char* kDocumentation =
    R"(`data` holds the texts of the config map by their keys; its `binaryData` is left out.

Without `client` the service account of the pod is used; it needs the right to `get` the config map. The config map is asked for when
the component starts, at every `poll_frequency`, and after a change of the arguments. The loading of the configuration does not wait
for it, so what refers to the data is evaluated with an empty map first and again when it is there. While it cannot be had the last
data stays exported; the component is unhealthy and says why, for a right that lacks with the rule that grants it.
)";

constexpr const char* kExample = R"(remote.kubernetes.configmap "pyroscope" {
  namespace = "profiling"
  name      = "pyroscope"
}

pyroscope.write "backend" {
  endpoint {
    url = coalesce(remote.kubernetes.configmap.pyroscope.data["url"], "http://127.0.0.1:4040")
  }
}
)";

}  // namespace

component::Registration registration() {
  return kube_shared::data_registration({.name = "remote.kubernetes.configmap",
                                         .summary = "Exports the texts of a Kubernetes config map.",
                                         .documentation = kDocumentation,
                                         .example = kExample},
                                        {.plural = "configmaps", .works = "got configmap", .secret = false});
}

}  // namespace invar::components::remote_kubernetes_configmap
