#include "components/discovery/relabel/discovery.h"

namespace invar::components::discovery_relabel {

component::Targets relabel_targets(const component::Targets& targets, const relabel::Rules& rules) {
  component::Targets out;
  out.reserve(targets.size());
  for (const component::Target& target : targets) {
    std::vector<Label> sorted;
    sorted.reserve(target.labels().size() + rules.size());
    for (const auto& [name, value] : target.labels()) sorted.push_back({name, value});
    LabelsBuilder labels(std::move(sorted));
    if (!relabel::apply(labels, rules)) continue;
    component::Target::Map map;
    for (Label& label : std::move(labels).take())
      map.emplace_hint(map.end(), std::move(label.name), std::move(label.value));
    out.emplace_back(std::move(map));
  }
  return out;
}

}  // namespace invar::components::discovery_relabel
