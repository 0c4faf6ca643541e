// remote.kubernetes.configmap: the data of a ConfigMap as an export. User's page: docs/reference/components/remote.kubernetes.configmap.md.
// Inside:   All of it is kube_shared; here are its words.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 13.
#pragma once

#include "component/component.h"

namespace invar::components::remote_kubernetes_configmap {

component::Registration registration();

}  // namespace invar::components::remote_kubernetes_configmap
