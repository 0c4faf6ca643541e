#include "webapi/label_story.h"

#include <algorithm>
#include <set>

#include "component/relabel_schema.h"

namespace invar::webapi {
namespace {

bool decides_only(relabel::Action action) {
  using enum relabel::Action;
  return action == kKeep || action == kDrop || action == kKeepEqual || action == kDropEqual;
}

std::vector<RuleStep::Change> changes_between(const Labels& before, const Labels& after) {
  std::vector<RuleStep::Change> out;
  std::set<std::string_view> names;
  for (const Label& label : before) names.insert(label.name);
  for (const Label& label : after) names.insert(label.name);
  for (const std::string_view name : names)
    if (before.get(name) != after.get(name))
      out.push_back({std::string(name), std::string(before.get(name)), std::string(after.get(name))});
  return out;
}

// Scraping adds labels of its own, completes the address and does without some hidden labels: what was left is there, unchanged.
bool became(const Labels& output, const Labels& target) {
  return std::ranges::all_of(output, [&](const Label& label) {
    const std::string_view now = target.get(label.name);
    if (now == label.value) return true;
    if (label.name == "__address__") return now.starts_with(label.value + ":");
    return label.name.starts_with("__") && (now.empty() || !label.name.starts_with("__meta_"));
  });
}

// The input of the relabeling that became the target; nothing when none did. Of several the one with the most labels left.
std::optional<Labels> input_of(const component::Relabeling& relabeling, const Labels& target) {
  const relabel::Rules rules = component::compile_rules(relabeling.rules);
  std::optional<Labels> best;
  std::size_t most = 0;
  for (const component::Target& input : relabeling.targets) {
    const Labels labels = input.to_labels();
    const auto output = relabel::process(labels, rules);
    if (!output || output->empty() || !became(*output, target)) continue;
    if (best && output->size() <= most) continue;
    most = output->size();
    best = labels;
  }
  return best;
}

}  // namespace

std::vector<RuleStep> steps_of(const std::string& component, const std::vector<relabel::RuleConfig>& rules,
                               const Labels& labels) {
  std::vector<RuleStep> out;
  Labels before = labels;
  std::size_t number = 0;
  for (const relabel::Rule& rule : component::compile_rules(rules)) {
    LabelsBuilder builder(before);
    const bool kept = rule.apply(builder);
    const auto action = rule.config().action;
    RuleStep step{.component = component, .rule = ++number, .action = std::string(to_string(action))};
    step.dropped = !kept;
    step.keeps = kept && decides_only(action);
    const Labels after = kept ? builder.build() : before;
    step.changes = changes_between(before, after);
    out.push_back(std::move(step));
    if (!kept) break;
    before = after;
  }
  return out;
}

LabelStory tell_story(const Labels& target, const std::vector<NamedRelabeling>& relabelings,
                      const std::string& dropped_by) {
  LabelStory story{.discovered = target, .first = dropped_by, .steps = {}};
  std::vector<const NamedRelabeling*> left;
  for (const NamedRelabeling& each : relabelings) {
    if (each.component == dropped_by)
      story.steps = steps_of(each.component, each.relabeling.rules, target);
    else
      left.push_back(&each);
  }
  // Backwards, each relabeling at most once; the nearest comes first in the list.
  for (bool found = true; found;) {
    found = false;
    for (const NamedRelabeling*& each : left) {
      if (each == nullptr) continue;
      auto input = input_of(each->relabeling, story.discovered);
      if (!input) continue;
      auto steps = steps_of(each->component, each->relabeling.rules, *input);
      story.steps.insert(story.steps.begin(), std::make_move_iterator(steps.begin()),
                         std::make_move_iterator(steps.end()));
      story.discovered = std::move(*input);
      story.first = each->component;
      each = nullptr;
      found = true;
      break;
    }
  }
  return story;
}

}  // namespace invar::webapi
