#include "kube/objects.h"

#include <algorithm>
#include <array>

namespace invar::kube {

const SharedText* find_value(const Pairs& pairs, std::string_view key) {
  const auto found = std::ranges::find_if(pairs, [&](const auto& pair) { return pair.first == key; });
  return found == pairs.end() ? nullptr : &found->second;
}

const Meta& meta_of(const Object& object) {
  return std::visit([](const auto& o) -> const Meta& { return o.meta; }, object);
}

std::string key_of(const Meta& meta) {
  std::string key(meta.space);
  if (!key.empty()) key += '/';
  return key.append(meta.name.view());
}

const ResourceName& name_of(Resource resource) {
  static constexpr std::array<ResourceName, 7> kNames = {{
      {"", "v1", "pods"},
      {"", "v1", "services"},
      {"", "v1", "endpoints"},
      {"discovery.k8s.io", "v1", "endpointslices"},
      {"networking.k8s.io", "v1", "ingresses"},
      {"", "v1", "nodes", false},
      {"", "v1", "namespaces", false},
  }};
  return kNames[static_cast<std::size_t>(resource)];
}

}  // namespace invar::kube
