#include "components/pyroscope/enrich/target_index.h"

#include <algorithm>

namespace invar::components::pyroscope_enrich {

TargetIndex::TargetIndex(const Arguments& arguments)
    : profile_label_(arguments.profiles_match_label.empty() ? arguments.target_match_label
                                                            : arguments.profiles_match_label) {
  std::unordered_map<std::string_view, const component::Target*> winners;
  for (const component::Target& target : arguments.targets) {
    const std::string_view value = target.get(arguments.target_match_label);
    if (value.empty()) continue;
    const auto [at, added] = winners.try_emplace(value, &target);
    if (added) continue;
    ++duplicates_;
    if (std::ranges::lexicographical_compare(target.labels(), at->second->labels())) at->second = &target;
  }
  for (const auto& [value, target] : winners) {
    std::vector<Label>& copied = by_value_[std::string(value)];
    if (arguments.labels_to_copy.empty()) {
      for (const auto& [name, text] : target->labels())
        if (!name.starts_with("__") && !text.empty())
          copied.push_back({std::string(name), std::string(text)});
    }
    for (const std::string& name : arguments.labels_to_copy)
      if (const std::string_view text = target->get(name); !text.empty())
        copied.push_back({name, std::string(text)});
  }
}

const std::vector<Label>* TargetIndex::find(const Labels& labels) const {
  const auto found = by_value_.find(std::string(labels.get(profile_label_)));
  return found == by_value_.end() ? nullptr : &found->second;
}

}  // namespace invar::components::pyroscope_enrich
