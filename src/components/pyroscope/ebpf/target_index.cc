#include "components/pyroscope/ebpf/target_index.h"

#include <fmt/format.h>

#include <limits>

#include "base/proc_file.h"
#include "base/strings.h"
#include "component/container_id.h"

namespace invar::components::pyroscope_ebpf {
namespace {

constexpr std::string_view kPid = "__process_pid__";
constexpr std::string_view kContainer = "__container_id__";

std::uint32_t pid_of(const component::Target& target) {
  const auto pid = parse_uint(target.get(kPid));
  return pid && *pid <= std::numeric_limits<std::uint32_t>::max() ? static_cast<std::uint32_t>(*pid) : 0;
}

std::string_view first_of(const component::Target& target, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const std::string_view value = target.get(name); !value.empty()) return value;
  return {};
}

std::shared_ptr<const TargetOwner> make_owner(const component::Target& target, std::string_view id_name,
                                              const std::string& id) {
  auto owner = std::make_shared<TargetOwner>();
  LabelsBuilder labels;
  for (const auto& [name, value] : target.labels())
    if (!name.starts_with("__")) labels.set(name, value);
  labels.set(kServiceName, service_name_of(target));
  if (!id_name.empty()) labels.set(id_name, id);
  owner->labels = labels.build();
  owner->profile_name = target.get(kMetricName);
  return owner;
}

}  // namespace

std::string container_of(const component::Target& target) {
  if (const std::string_view id = target.get(kContainer); !id.empty()) return std::string(id);
  if (const std::string_view id = target.get("__meta_kubernetes_pod_container_id"); !id.empty()) {
    for (const std::string_view runtime : {"docker://", "containerd://", "cri-o://"})
      if (id.starts_with(runtime)) return std::string(id.substr(runtime.size()));
    return {};
  }
  return std::string(
      first_of(target, {"__meta_docker_container_id", "__meta_dockerswarm_task_container_id"}));
}

std::string service_name_of(const component::Target& target) {
  if (const auto named =
          first_of(target, {kServiceName, "__meta_kubernetes_pod_annotation_pyroscope_io_service_name"});
      !named.empty())
    return std::string(named);
  const auto space = target.get("__meta_kubernetes_namespace");
  const auto container = target.get("__meta_kubernetes_pod_container_name");
  if (!space.empty() && !container.empty()) return fmt::format("ebpf/{}/{}", space, container);
  const auto docker =
      first_of(target, {"__meta_docker_container_name", "__meta_dockerswarm_container_label_service_name",
                        "__meta_dockerswarm_service_name"});
  return docker.empty() ? "unspecified" : std::string(docker);
}

TargetIndex::TargetIndex(const Arguments& arguments) {
  for (const component::Target& target : arguments.targets.targets) {
    if (const std::uint32_t pid = pid_of(target); pid != 0) {
      by_pid_[pid] = make_owner(target, kPid, std::to_string(pid));
      continue;
    }
    const std::string container = container_of(target);
    if (container.empty())
      useless_.push_back(target.to_string());
    else
      by_container_[container] = make_owner(target, kContainer, container);
  }
  if (arguments.targets_only) return;
  component::Target::Map labels{{std::string(kServiceName), "ebpf/unspecified"}};
  if (arguments.default_target) labels = {arguments.default_target->begin(), arguments.default_target->end()};
  default_ = make_owner(component::Target(labels), {}, {});
}

ebpf::OwnerOf owner_of(std::shared_ptr<const TargetIndex> index) {
  return [index = std::move(index)](int pid) {
    return index->find(static_cast<std::uint32_t>(pid), [pid] {
      return component::container_id(read_proc_file(fmt::format("/proc/{}/cgroup", pid)));
    });
  };
}

}  // namespace invar::components::pyroscope_ebpf
