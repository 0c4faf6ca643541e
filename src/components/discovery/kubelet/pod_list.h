// The pods of a PodList in JSON, as a kubelet sends it.
// Errors: text that is no JSON, or JSON that is no PodList: it says nothing about which pods there are.
// Threads: any; pure. Spec: discovery.md 11a.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "kube/objects.h"

namespace invar::components::discovery_kubelet {

Result<std::vector<kube::Pod>> read_pod_list(std::string_view json);

}  // namespace invar::components::discovery_kubelet
