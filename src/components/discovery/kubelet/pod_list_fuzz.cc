// Whatever a kubelet answers: no crash, and every target of its pods has an address.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "components/discovery/kubelet/pod_list.h"
#include "kube_shared/pods.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pods =
      invar::components::discovery_kubelet::read_pod_list({reinterpret_cast<const char*>(data), size});
  if (!pods) return 0;
  for (const auto& pod : *pods) {
    for (const auto& target : invar::kube_shared::pod_targets(pod, {}))
      INVAR_CHECK(!target.get("__address__").empty(), pod.meta.name);
  }
  return 0;
}
