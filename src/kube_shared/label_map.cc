#include "kube_shared/label_map.h"

#include <fmt/format.h>

#include "component/label_name.h"

namespace invar::kube_shared {

using component::Target;

LabelMap& LabelMap::set(std::string_view name, std::string value) {
  map_.insert_or_assign(fmt::format("__meta_kubernetes_{}", name), std::move(value));
  return *this;
}

LabelMap& LabelMap::plain(std::string name, std::string value) {
  map_.insert_or_assign(std::move(name), std::move(value));
  return *this;
}

LabelMap& LabelMap::address(std::string value) {
  return plain("__address__", std::move(value));
}

LabelMap& LabelMap::add(const LabelMap& other) {
  for (const auto& [name, value] : other.map_) map_.insert_or_assign(name, value);
  return *this;
}

LabelMap& LabelMap::pairs(std::string_view prefix, const kube::Pairs& pairs) {
  for (const auto& [name, value] : pairs) {
    const std::string clean = component::clean_label_name(name);
    set(fmt::format("{}_{}", prefix, clean), value);
    set(fmt::format("{}present_{}", prefix, clean), "true");
  }
  return *this;
}

LabelMap& LabelMap::meta(std::string_view kind, const kube::Meta& meta) {
  set(fmt::format("{}_name", kind), meta.name);
  pairs(fmt::format("{}_label", kind), meta.labels);
  return pairs(fmt::format("{}_annotation", kind), meta.annotations);
}

Target LabelMap::target(const LabelMap& group) const {
  Target::Map labels = group.map_;
  for (const auto& [name, value] : map_) labels.insert_or_assign(name, value);
  return Target(std::move(labels));
}

std::string join_address(std::string_view host, std::int32_t port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                  : fmt::format("[{}]:{}", host, port);
}

}  // namespace invar::kube_shared
