// remote.kubernetes.configmap: the data of an object of a Kubernetes API. Spec: discovery.md 13.
#pragma once

#include "component/component.h"

namespace invar::components::remote_kubernetes_configmap {

component::Registration registration();

}  // namespace invar::components::remote_kubernetes_configmap
