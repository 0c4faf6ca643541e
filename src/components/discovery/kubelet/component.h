// discovery.kubelet: the pods of one node. Spec: discovery.md 11a.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_kubelet {

component::Registration registration();

}  // namespace invar::components::discovery_kubelet
