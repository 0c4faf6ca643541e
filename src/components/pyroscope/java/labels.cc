#include "components/pyroscope/java/labels.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "base/build_info.h"
#include "base/strings.h"

namespace invar::components::pyroscope_java {
namespace {

constexpr std::string_view kPid = "__process_pid__";
constexpr std::string_view kScopeName = "invar/pyroscope.java";

std::string service_name_of(const component::Target& target) {
  const auto annotated = target.get("__meta_kubernetes_pod_annotation_pyroscope_io_service_name");
  if (!annotated.empty()) return std::string(annotated);
  const auto space = target.get("__meta_kubernetes_namespace");
  const auto container = target.get("__meta_kubernetes_pod_container_name");
  if (!space.empty() && !container.empty()) return fmt::format("java/{}/{}", space, container);
  constexpr std::array<std::string_view, 3> kOthers = {"__meta_docker_container_name",
                                                       "__meta_dockerswarm_container_label_service_name",
                                                       "__meta_dockerswarm_service_name"};
  for (const auto name : kOthers)
    if (const auto value = target.get(name); !value.empty()) return std::string(value);
  return "unspecified";
}

}  // namespace

Result<int> pid_of(const component::Target& target) {
  const std::string_view text = target.get(kPid);
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "could not find PID label");
  const auto pid = parse_uint(text);
  if (!pid || *pid == 0 || *pid > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()))
    return fail(ErrorCode::kInvalidArgument,
                "could not convert process ID to a 32 bit integer: " + quote(text));
  return static_cast<int>(*pid);
}

Labels labels_of(const component::Target& target, bool scope_labels) {
  LabelsBuilder labels;
  for (const auto& [name, value] : target.labels())
    if (!name.starts_with("__") || name == "__session_id__") labels.set(name, value);
  if (labels.get(kServiceName).empty()) labels.set(kServiceName, service_name_of(target));
  labels.set("pyroscope_spy", "invar.java").set(kDelta, "false");
  if (scope_labels && labels.get("otel.scope.name").empty()) {
    labels.set("otel.scope.name", kScopeName);
    labels.set("otel.scope.version", build_info().version);
  }
  return labels.build();
}

}  // namespace invar::components::pyroscope_java
