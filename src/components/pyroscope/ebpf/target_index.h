// TargetIndex: which target a process belongs to: by pid, else by container. Immutable after it is made; read on worker threads.
// Spec: ebpf.md 3.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "components/pyroscope/ebpf/arguments.h"
#include "ebpf/process.h"
#include "labels/labels.h"

namespace invar::components::pyroscope_ebpf {

struct TargetOwner final : ebpf::Owner {
  Labels labels;             // of its profiles, without __name__
  std::string profile_name;  // the target's own __name__; "" for the usual ones
};

class TargetIndex {
 public:
  explicit TargetIndex(const Arguments& arguments);

  // `container`: asked for when no target has the pid.
  template <class Container>
  [[nodiscard]] ebpf::OwnerPtr find(std::uint32_t pid, Container container) const {
    if (const auto found = by_pid_.find(pid); found != by_pid_.end()) return found->second;
    if (!by_container_.empty()) {
      const auto found = by_container_.find(container());
      if (found != by_container_.end()) return found->second;
    }
    return default_;
  }
  [[nodiscard]] bool empty() const { return by_pid_.empty() && by_container_.empty() && !default_; }
  [[nodiscard]] std::size_t size() const { return by_pid_.size() + by_container_.size(); }
  // Those that name neither a process nor a container.
  [[nodiscard]] const std::vector<std::string>& useless() const { return useless_; }

 private:
  std::unordered_map<std::uint32_t, std::shared_ptr<const TargetOwner>> by_pid_;
  std::unordered_map<std::string, std::shared_ptr<const TargetOwner>> by_container_;
  std::shared_ptr<const TargetOwner> default_;
  std::vector<std::string> useless_;
};

// What of the index the engine asks, for a process of this machine.
ebpf::OwnerOf owner_of(std::shared_ptr<const TargetIndex> index);

// The container that a target names, without its runtime; "" when it names none.
std::string container_of(const component::Target& target);
std::string service_name_of(const component::Target& target);

}  // namespace invar::components::pyroscope_ebpf
