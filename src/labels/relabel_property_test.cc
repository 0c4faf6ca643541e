// Random rules on random label sets against a naive model: a std::map, hand-written matchers, no shared code.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "labels/relabel.h"

namespace invar::relabel {
namespace {

using Model = std::map<std::string, std::string>;
using Captures = std::vector<std::string>;

struct KnownPattern {
  const char* text;
  std::optional<Captures> (*match)(const std::string&);
};

bool all_lower(const std::string& s) {
  return s.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos;
}

const KnownPattern kPatterns[] = {
    {"(.*)", [](const std::string& s) -> std::optional<Captures> { return Captures{s, s}; }},
    {"(.+)",
     [](const std::string& s) -> std::optional<Captures> {
       return s.empty() ? std::nullopt : std::optional(Captures{s, s});
     }},
    {"a(.*)",
     [](const std::string& s) -> std::optional<Captures> {
       return s.starts_with("a") ? std::optional(Captures{s, s.substr(1)}) : std::nullopt;
     }},
    {"([a-z]+)",
     [](const std::string& s) -> std::optional<Captures> {
       return !s.empty() && all_lower(s) ? std::optional(Captures{s, s}) : std::nullopt;
     }},
    {"(a|bb|)",
     [](const std::string& s) -> std::optional<Captures> {
       return s == "a" || s == "bb" || s.empty() ? std::optional(Captures{s, s}) : std::nullopt;
     }},
    {"(.).*",
     [](const std::string& s) -> std::optional<Captures> {
       return s.empty() ? std::nullopt : std::optional(Captures{s, s.substr(0, 1)});
     }},
};
const char* const kReplacements[] = {"$1", "x", "x_$1", "${1}y", "", "$1_", "$2"};
const char* const kTargets[] = {"a", "b", "t", "t_$1", "$1"};

std::string naive_expand(std::string text, const Captures& groups) {
  if (text == "$1_" || text == "$2") return "";  // no such group
  for (const std::string& ref : {std::string("${1}"), std::string("$1")}) {
    if (const auto at = text.find(ref); at != std::string::npos)
      return text.replace(at, ref.size(), groups[1]);
  }
  return text;
}

std::string get(const Model& m, const std::string& name) {
  const auto at = m.find(name);
  return at == m.end() ? "" : at->second;
}
void put(Model& m, const std::string& name, const std::string& value) {
  if (value.empty()) {
    m.erase(name);
  } else {
    m[name] = value;
  }
}

bool naive_apply(Model& m, const RuleConfig& c, const KnownPattern& pattern) {
  std::string value;
  for (std::size_t i = 0; i < c.source_labels.size(); ++i) {
    value += (i ? c.separator : "") + get(m, c.source_labels[i]);
  }
  const auto ascii = [](std::string s, char from, char to, int by) {
    for (char& ch : s) ch = ch >= from && ch <= to ? static_cast<char>(ch + by) : ch;
    return s;
  };
  const Model before = m;
  switch (c.action) {
    case Action::kReplace:
      if (const auto groups = pattern.match(value)) {
        const std::string target = naive_expand(c.target_label, *groups);
        if (!target.empty()) put(m, target, naive_expand(c.replacement, *groups));
      }
      return true;
    case Action::kKeep:
      return pattern.match(value).has_value();
    case Action::kDrop:
      return !pattern.match(value);
    case Action::kKeepEqual:
      return value == get(m, c.target_label);
    case Action::kDropEqual:
      return value != get(m, c.target_label);
    case Action::kLowercase:
      put(m, c.target_label, ascii(value, 'A', 'Z', 32));
      return true;
    case Action::kUppercase:
      put(m, c.target_label, ascii(value, 'a', 'z', -32));
      return true;
    case Action::kHashMod:
      return true;  // has its own vectors
    case Action::kLabelMap:
      for (const auto& [name, v] : before) {
        const auto groups = pattern.match(name);
        if (!groups) continue;
        const std::string to = naive_expand(c.replacement, *groups);
        if (!to.empty()) put(m, to, v);
      }
      return true;
    case Action::kLabelDrop:
      for (const auto& [name, v] : before) {
        if (pattern.match(name)) m.erase(name);
      }
      return true;
    case Action::kLabelKeep:
      for (const auto& [name, v] : before) {
        if (!pattern.match(name)) m.erase(name);
      }
      return true;
  }
  return true;
}

TEST(RelabelProperty, AgreesWithANaiveModel) {
  std::mt19937 random(20240611);
  const auto pick = [&](const auto& list) -> const auto& { return list[random() % std::size(list)]; };
  const char* const names[] = {"a", "b", "bb", "t", "ta", "x_a", "Z"};
  const char* const values[] = {"", "a", "bb", "ab", "A;b", "Mixed", "\n", "a\nb"};
  const Action actions[] = {Action::kReplace,   Action::kReplace,   Action::kKeep,      Action::kDrop,
                            Action::kKeepEqual, Action::kDropEqual, Action::kLowercase, Action::kUppercase,
                            Action::kLabelMap,  Action::kLabelMap,  Action::kLabelDrop, Action::kLabelKeep};
  int compiled = 0;
  for (int round = 0; round < 6000; ++round) {
    Model model;
    for (int i = 0; i < 5; ++i) put(model, pick(names), pick(values));
    Rules rules;
    std::vector<const KnownPattern*> patterns;
    for (int i = 0; i < 3; ++i) {
      const KnownPattern& pattern = pick(kPatterns);
      RuleConfig c;
      c.action = pick(actions);
      const bool by_equality = c.action == Action::kKeepEqual || c.action == Action::kDropEqual;
      if (c.action != Action::kLabelDrop && c.action != Action::kLabelKeep) {
        for (auto n = random() % 3; n > 0; --n) c.source_labels.emplace_back(pick(names));
        if (!by_equality && random() % 2) c.separator = "-";
      }
      if (c.action == Action::kReplace) c.target_label = pick(kTargets);
      if (by_equality || c.action == Action::kLowercase || c.action == Action::kUppercase)
        c.target_label = pick(names);
      if (c.action == Action::kReplace || c.action == Action::kLabelMap) c.replacement = pick(kReplacements);
      if (!by_equality) c.regex = pattern.text;
      auto rule = Rule::compile(c);
      if (!rule) continue;  // labelmap with an empty replacement
      rules.push_back(*rule);
      patterns.push_back(&pattern);
      ++compiled;
    }
    std::vector<Label> input;
    for (const auto& [name, value] : model) input.push_back({name, value});
    const auto got = process(Labels::from(input), rules);

    bool kept = true;
    for (std::size_t i = 0; i < rules.size() && kept; ++i)
      kept = naive_apply(model, rules[i].config(), *patterns[i]);
    ASSERT_EQ(got.has_value(), kept) << "round " << round;
    if (!kept) continue;
    std::vector<Label> want;
    for (const auto& [name, value] : model) want.push_back({name, value});
    ASSERT_EQ(got->to_string(), Labels::from(want).to_string()) << "round " << round;
  }
  EXPECT_GT(compiled, 15000);
}

}  // namespace
}  // namespace invar::relabel
