// Relabeling rules: Prometheus' rewrite language for label sets.
// A Rule is validated and compiled once (RE2, anchored, dot matches newline) and may then be applied from any
// thread. Spec: relabel.md, all sections.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "labels/labels.h"

namespace invar::relabel {

enum class Action {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLowercase,
  kUppercase,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
};
// Errors: `unrecognized action type "<v>"`.
Result<Action> parse_action(std::string_view text);
std::string_view to_string(Action action);

// As written by the user; the defaults are those of relabel.md 1.
struct RuleConfig {
  Action action = Action::kReplace;
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";
  std::uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  bool operator==(const RuleConfig&) const = default;
};

// Which label names rules may write; what would get another name is not written. Decision 18.
enum class Names {
  kAnyText,      // non-empty and valid UTF-8
  kIdentifiers,  // [a-zA-Z_][a-zA-Z0-9_]*
};

// With kIdentifiers, a rule whose target_label is no identifier never applies: a sentence that says so. Else "".
std::string name_warning(const RuleConfig& config);

// The pattern's error alone, in the words of relabel.md 3 (`error parsing regexp: ...`): for the attribute
// `regex`.
Result<> validate_regex(std::string_view pattern);

class Rule {
 public:
  // Errors: the exact texts of relabel.md 4.
  static Result<Rule> compile(const RuleConfig& config, Names names = Names::kAnyText);
  // False when the set is dropped; `labels` is then unspecified.
  bool apply(LabelsBuilder& labels) const;
  [[nodiscard]] const RuleConfig& config() const;

 private:
  struct Impl;
  explicit Rule(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

using Rules = std::vector<Rule>;

// Applies the rules in order; false, or nullopt, when one dropped the set.
bool apply(LabelsBuilder& labels, const Rules& rules);
std::optional<Labels> process(const Labels& labels, const Rules& rules);

}  // namespace invar::relabel
