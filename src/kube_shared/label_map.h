// LabelMap: the labels of one target, or of a group of them, while they are put together, `__meta_kubernetes_<name>`; what is set later
// replaces. Pure. Spec: discovery.md 7.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "component/target.h"
#include "kube/objects.h"

namespace invar::kube_shared {

using Group = std::shared_ptr<const component::TargetLabels>;

class LabelMap {
 public:
  LabelMap& set(std::string_view name, std::string_view value);
  template <std::same_as<SharedText> Text>
  LabelMap& set(std::string_view name, const Text& value) {
    return add_shared(name, value);
  }
  LabelMap& address(std::string_view value);                           // __address__
  LabelMap& add(const LabelMap& other);                                // all of its labels
  LabelMap& meta(std::string_view kind, const kube::Meta& m);          // name, labels and annotations
  LabelMap& pairs(std::string_view prefix, const kube::Pairs& pairs);  // <prefix>_<s> and <prefix>present_<s>
  LabelMap& plain(std::string_view name, std::string_view value);      // without the prefix
  [[nodiscard]] Group group() const;                                   // for all targets of an object
  [[nodiscard]] component::Target target(
      const Group& group) const;  // the group's labels, and these over them

 private:
  LabelMap& add_shared(std::string_view name, SharedText value);
  [[nodiscard]] component::TargetLabels labels() const { return component::TargetLabels(entries_); }

  std::vector<component::TargetLabels::Entry> entries_;
};

// `h:p`, with brackets around an IPv6 address.
std::string join_address(std::string_view host, std::int32_t port);

}  // namespace invar::kube_shared
