#include "components/discovery/relabel/discovery.h"

namespace invar::components::discovery_relabel {

component::Targets relabel_targets(const component::Targets& targets, const relabel::Rules& rules) {
  component::Targets out;
  out.reserve(targets.size());
  for (const component::Target& target : targets) {
    const auto labels = relabel::process(target.to_labels(), rules);
    if (!labels) continue;
    component::Target::Map map;
    for (const Label& label : *labels) map.emplace_hint(map.end(), label.name, label.value);
    out.emplace_back(std::move(map));
  }
  return out;
}

}  // namespace invar::components::discovery_relabel
