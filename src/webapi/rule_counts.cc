#include "webapi/rule_counts.h"

#include <map>

#include "json/writer.h"

namespace invar::webapi {
namespace {

struct Line {
  const RulesAtWork* first = nullptr;
  std::uint64_t components = 0;
  std::string_view action;
  RuleCount count;
};

}  // namespace

std::optional<Labels> process(const Labels& labels, const relabel::Rules& rules,
                              std::vector<RuleCount>& counts) {
  LabelsBuilder builder(labels);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::vector<Label> before = builder.sorted();
    ++counts[i].seen;
    if (!rules[i].apply(builder)) {
      ++counts[i].dropped;
      return std::nullopt;
    }
    if (builder.sorted() != before) ++counts[i].changed;
  }
  return builder.build();
}

std::string rule_lines_json(const std::vector<RulesAtWork>& all, const RulePlaces& places,
                            const std::string& path) {
  std::map<std::uint32_t, Line> lines;
  for (const RulesAtWork& each : all) {
    const auto positions = places.of(each.component);
    if (positions.size() != each.rules.size()) continue;  // they are not in the files, or made in another way
    for (std::size_t i = 0; i < positions.size(); ++i) {
      if (positions[i].source->name != path) continue;
      Line& line = lines[positions[i].line];
      if (line.first == nullptr) line.first = &each;
      ++line.components;
      line.action = to_string(each.rules[i].config().action);
      line.count.seen += each.counts[i].seen;
      line.count.dropped += each.counts[i].dropped;
      line.count.changed += each.counts[i].changed;
    }
  }
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", lines.size()).key("rules").begin_array();
  for (const auto& [number, line] : lines) {
    out.begin_object().field("line", number).field("action", line.action);
    out.field("component", line.first->component).field("components", line.components);
    out.field("of", line.first->of_targets ? "targets" : "series").field("seen", line.count.seen);
    out.field("dropped", line.count.dropped).field("changed", line.count.changed).end_object();
  }
  out.end_array().end_object();
  return text;
}

}  // namespace invar::webapi
