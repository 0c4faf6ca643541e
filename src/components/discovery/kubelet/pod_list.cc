#include "components/discovery/kubelet/pod_list.h"

#include <map>

#include "base/strings.h"
#include "component/json_fields.h"

namespace invar::components::discovery_kubelet {
namespace {

using component::field;
using component::fields_of;
using component::items_of;
using component::text_field;
using component::text_of;
using syntax::Value;

kube::Pairs read_pairs(const Value& object) {
  kube::Pairs pairs;
  for (const auto& [name, value] : fields_of(object))
    pairs.emplace_back(SharedText::common(name), SharedText::common(text_of(value)));
  return pairs;
}

SharedText shared_field(const Value& value, std::string_view name) {
  return SharedText::common(text_field(value, name));
}

kube::Meta read_meta(const Value& value) {
  kube::Meta meta{.name = text_field(value, "name"),
                  .space = shared_field(value, "namespace"),
                  .uid = text_field(value, "uid"),
                  .version = text_field(value, "resourceVersion"),
                  .labels = read_pairs(field(value, "labels")),
                  .annotations = read_pairs(field(value, "annotations")),
                  .controller_kind = {},
                  .controller_name = {}};
  for (const Value& owner : items_of(field(value, "ownerReferences"))) {
    if (text_field(owner, "controller") != "true") continue;
    meta.controller_kind = shared_field(owner, "kind");
    meta.controller_name = shared_field(owner, "name");
    break;
  }
  return meta;
}

kube::Port read_port(const Value& value) {
  const auto number = parse_uint(text_field(value, "containerPort"));
  return {.name = shared_field(value, "name"),
          .protocol = shared_field(value, "protocol"),
          .number = number && *number <= 65535 ? static_cast<std::int32_t>(*number) : 0};
}

// The containers of a list, with their ids from the list of their statuses.
void read_containers(const Value& list, const Value& statuses, bool init, std::vector<kube::Container>& out) {
  std::map<std::string, std::string> ids;
  for (const Value& status : items_of(statuses))
    ids[text_field(status, "name")] = text_field(status, "containerID");
  for (const Value& value : items_of(list)) {
    kube::Container container{.name = shared_field(value, "name"),
                              .image = shared_field(value, "image"),
                              .id = ids[text_field(value, "name")],
                              .init = init,
                              .ports = {}};
    for (const Value& port : items_of(field(value, "ports"))) container.ports.push_back(read_port(port));
    out.push_back(std::move(container));
  }
}

kube::Pod read_pod(const Value& value) {
  const Value& spec = field(value, "spec");
  const Value& status = field(value, "status");
  kube::Pod pod{.meta = read_meta(field(value, "metadata")),
                .node = shared_field(spec, "nodeName"),
                .ip = text_field(status, "podIP"),
                .host_ip = shared_field(status, "hostIP"),
                .phase = shared_field(status, "phase"),
                .ready = {},
                .containers = {}};
  for (const Value& condition : items_of(field(status, "conditions"))) {
    if (text_field(condition, "type") == "Ready") pod.ready = shared_field(condition, "status");
  }
  read_containers(field(spec, "containers"), field(status, "containerStatuses"), false, pod.containers);
  read_containers(field(spec, "initContainers"), field(status, "initContainerStatuses"), true,
                  pod.containers);
  return pod;
}

}  // namespace

Result<std::vector<kube::Pod>> read_pod_list(std::string_view json) {
  INVAR_ASSIGN_OR_RETURN(const Value list, component::parse_answer(json));
  if (const std::string kind = text_field(list, "kind"); kind != "PodList")
    return fail(ErrorCode::kDataLoss, "the answer is no list of pods but of kind " + quote(kind));
  std::vector<kube::Pod> pods;
  for (const Value& item : items_of(field(list, "items"))) pods.push_back(read_pod(item));
  return pods;
}

}  // namespace invar::components::discovery_kubelet
