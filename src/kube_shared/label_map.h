// LabelMap: the labels of one target while they are put together, `__meta_kubernetes_<name>`. Pure. Spec: discovery.md 7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "component/target.h"
#include "kube/objects.h"

namespace invar::kube_shared {

class LabelMap {
 public:
  LabelMap& set(std::string_view name, std::string value);             // replaces
  LabelMap& address(std::string value);                                // __address__
  LabelMap& add(const LabelMap& other);                                // replaces what both have
  LabelMap& meta(std::string_view kind, const kube::Meta& m);          // name, labels and annotations
  LabelMap& pairs(std::string_view prefix, const kube::Pairs& pairs);  // <prefix>_<s> and <prefix>present_<s>
  LabelMap& plain(std::string name, std::string value);                // without the prefix
  [[nodiscard]] component::Target target(const LabelMap& group) const;  // group labels, and these over them

 private:
  component::Target::Map map_;
};

// `h:p`, with brackets around an IPv6 address.
std::string join_address(std::string_view host, std::int32_t port);

}  // namespace invar::kube_shared
