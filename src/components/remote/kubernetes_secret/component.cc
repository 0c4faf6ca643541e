#include "components/remote/kubernetes_secret/component.h"

#include "kube_shared/data.h"

namespace invar::components::remote_kubernetes_secret {
namespace {

constexpr const char* kDocumentation =
    R"(`data` holds the values of the secret by their keys, already decoded from base64. They are secrets: they are never shown.

Without `client` the service account of the pod is used; it needs the right to `get` the secret. The secret is asked for when the
component starts, at every `poll_frequency`, and after a change of the arguments. The loading of the configuration does not wait
for it, so what refers to the data is evaluated with an empty map first and again when it is there: write
`coalesce(remote.kubernetes.secret.LABEL.data["KEY"], "")` where that matters. While it cannot be had the last data stays exported;
the component is unhealthy and says why, for a right that lacks with the rule that grants it.
)";

constexpr const char* kExample = R"(remote.kubernetes.secret "pyroscope" {
  namespace = "profiling"
  name      = "pyroscope-credentials"
}

pyroscope.write "backend" {
  endpoint {
    url          = "http://127.0.0.1:4040"
    bearer_token = remote.kubernetes.secret.pyroscope.data["token"]
  }
}
)";

}  // namespace

component::Registration registration() {
  return kube_shared::data_registration({.name = "remote.kubernetes.secret",
                                         .summary = "Exports the values of a Kubernetes secret.",
                                         .documentation = kDocumentation,
                                         .example = kExample},
                                        {.plural = "secrets", .works = "got secret", .secret = true});
}

}  // namespace invar::components::remote_kubernetes_secret
