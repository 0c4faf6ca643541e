#include "component/container_id.h"

#include <algorithm>

#include "base/strings.h"

namespace invar::component {
namespace {

bool all_of(std::string_view text, std::string_view alphabet) {
  return !text.empty() && text.find_first_not_of(alphabet) == std::string_view::npos;
}

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kDigits = "0123456789";

bool is_id(std::string_view text) {
  return text.size() == 64 && all_of(text, kHex);
}

// "<32 hex>-<number>": a task's container on ECS Fargate.
bool is_task_id(std::string_view text) {
  return text.size() > 33 && text[32] == '-' && all_of(text.substr(0, 32), kHex) &&
         all_of(text.substr(33), kDigits);
}

// The id in one part of a path: "<id>", "docker-<id>.scope", "kubepods-pod1.slice:cri-containerd:<id>".
std::string_view id_in(std::string_view part) {
  part = part.substr(
      0, part.find('.', part.find_last_of("-:") == std::string_view::npos ? 0 : part.find_last_of("-:")));
  if (is_task_id(part)) return part;
  const std::size_t mark = part.find_last_of("-:");
  const std::string_view last = mark == std::string_view::npos ? part : part.substr(mark + 1);
  return is_id(last) ? last : std::string_view();
}

}  // namespace

std::string container_id(std::string_view cgroup_file) {
  for (const std::string_view line : split(cgroup_file, '\n')) {
    const std::size_t slash = line.find('/');  // "12:pids:/docker/<id>", "0::/system.slice/docker-<id>.scope"
    if (slash == std::string_view::npos) continue;
    const auto parts = split(trim_space(line.substr(slash)), '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      const std::string_view id = id_in(*part);
      if (id.empty()) continue;
      if (part->find("conmon-") != std::string_view::npos) return {};
      return std::string(id);
    }
  }
  return {};
}

}  // namespace invar::component
