// remote.kubernetes.secret: the data of a Secret as an export, which stays secret.
// User's page: docs/reference/components/remote.kubernetes.secret.md.
// Inside:   All of it is kube_shared; here are its words.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 13.
#pragma once

#include "component/component.h"

namespace invar::components::remote_kubernetes_secret {

component::Registration registration();

}  // namespace invar::components::remote_kubernetes_secret
