#include "labels/relabel.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/choice.h"
#include "base/strings.h"
#include "labels/case_mapping.h"
#include "labels/pattern.h"

namespace invar::relabel {
namespace {

struct ActionName {
  Action action;
  std::string_view name;
};
constexpr ActionName kActions[] = {
    {Action::kReplace, "replace"},     {Action::kKeep, "keep"},           {Action::kDrop, "drop"},
    {Action::kKeepEqual, "keepequal"}, {Action::kDropEqual, "dropequal"}, {Action::kHashMod, "hashmod"},
    {Action::kLowercase, "lowercase"}, {Action::kUppercase, "uppercase"}, {Action::kLabelMap, "labelmap"},
    {Action::kLabelDrop, "labeldrop"}, {Action::kLabelKeep, "labelkeep"},
};

// What every name is at load.
bool valid_name(std::string_view name) {
  return !name.empty() && valid_utf8(name);
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_identifier(std::string_view name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') && std::ranges::all_of(name, is_word);
}

// ^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$ by hand: letters, underscores, $word and ${word}; a digit may
// follow any of them but not begin the text.
bool valid_template(std::string_view text) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      if (!is_word(text[i]) || (i == 0 && text[i] >= '0' && text[i] <= '9')) return false;
      ++i;
      continue;
    }
    const bool braced = i + 1 < text.size() && text[i + 1] == '{';
    const std::size_t begin = i + (braced ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == begin) return false;
    if (braced && (end == text.size() || text[end] != '}')) return false;
    i = end + (braced ? 1 : 0);
  }
  return true;
}

bool needs_target(Action action) {
  switch (action) {
    case Action::kReplace:
    case Action::kHashMod:
    case Action::kLowercase:
    case Action::kUppercase:
    case Action::kKeepEqual:
    case Action::kDropEqual:
      return true;
    case Action::kKeep:
    case Action::kDrop:
    case Action::kLabelMap:
    case Action::kLabelDrop:
    case Action::kLabelKeep:
      return false;
  }
  return false;
}

// Of those that need one, the last two only compare with it.
bool writes_target(Action action) {
  return needs_target(action) && action != Action::kKeepEqual && action != Action::kDropEqual;
}

Result<> validate(const RuleConfig& c) {
  static const RuleConfig kDefaults;
  const std::string action(to_string(c.action));
  const bool by_equality = c.action == Action::kKeepEqual || c.action == Action::kDropEqual;
  const bool plain_target = by_equality || c.action == Action::kLowercase || c.action == Action::kUppercase;
  const auto bad_target = [&] {
    return invalid(quote(c.target_label) + " is invalid 'target_label' for " + action + " action");
  };

  if (c.action == Action::kHashMod && c.modulus == 0) {
    return invalid("relabel configuration for hashmod requires non-zero modulus");
  }
  if (needs_target(c.action) && c.target_label.empty()) {
    return invalid("relabel configuration for " + action + " action requires 'target_label' value");
  }
  if (c.action == Action::kReplace) {
    const bool expands = c.target_label.find('$') != std::string::npos;
    if (expands ? !valid_template(c.target_label) : !valid_name(c.target_label)) return bad_target();
  }
  if (plain_target && !valid_name(c.target_label)) return bad_target();
  if (plain_target && c.replacement != kDefaults.replacement) {
    return invalid("'replacement' can not be set for " + action + " action");
  }
  if (c.action == Action::kLabelMap && !valid_template(c.replacement)) {
    return invalid(quote(c.replacement) + " is invalid 'replacement' for labelmap action");
  }
  if (c.action == Action::kHashMod && !valid_name(c.target_label)) return bad_target();
  const bool extras_changed = c.modulus != kDefaults.modulus || c.separator != kDefaults.separator ||
                              c.replacement != kDefaults.replacement;
  if ((c.action == Action::kLabelDrop || c.action == Action::kLabelKeep) &&
      (extras_changed || !c.source_labels.empty() || !c.target_label.empty())) {
    return invalid(action + " action requires only 'regex', and no other fields");
  }
  if (by_equality && (extras_changed || c.regex != kDefaults.regex)) {
    return invalid(action + " action requires only 'source_labels' and 'target_label', and no other fields");
  }
  return {};
}

// The last eight bytes of the MD5 sum, big-endian; nullopt where the crypto library refuses MD5.
std::optional<std::uint64_t> md5_tail(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr) != 1 || size != 16) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 8; i < 16; ++i) value = value << 8 | digest[i];
  return value;
}

// A view into the only label where there is one, else into `text`.
std::string_view joined_values(const LabelsBuilder& labels, const RuleConfig& config, std::string& text) {
  if (config.source_labels.size() == 1) return labels.get(config.source_labels[0]);
  for (std::size_t i = 0; i < config.source_labels.size(); ++i) {
    if (i > 0) text += config.separator;
    text += labels.get(config.source_labels[i]);
  }
  return text;
}

}  // namespace

Result<Action> parse_action(std::string_view text) {
  const auto* at = std::ranges::find(kActions, text, &ActionName::name);
  if (at == std::end(kActions)) {
    std::vector<std::string_view> names;
    for (const ActionName& action : kActions) names.push_back(action.name);
    return invalid(wrong_choice("unrecognized action type", text, names));
  }
  return at->action;
}

std::string_view to_string(Action action) {
  return std::ranges::find(kActions, action, &ActionName::action)->name;
}

Result<> validate_regex(std::string_view pattern) {
  INVAR_TRY(Pattern::compile(pattern));
  return {};
}

std::string name_warning(const RuleConfig& config) {
  const bool expands =
      config.action == Action::kReplace && config.target_label.find('$') != std::string::npos;
  if (!writes_target(config.action) || expands || is_identifier(config.target_label)) return "";
  std::string plain = config.target_label;
  std::ranges::replace_if(plain, [](char c) { return !is_word(c); }, '_');
  if (!is_identifier(plain)) plain.insert(plain.begin(), '_');
  return "target_label " + quote(config.target_label) +
         " is no label name, so the rule does not apply: a name has letters, digits and underscores, and "
         "begins with no digit; write " +
         quote(plain);
}

struct Rule::Impl {
  RuleConfig config;
  Pattern pattern;
  Template target;
  Template replacement;
  Names names = Names::kAnyText;

  [[nodiscard]] bool may_write(std::string_view name) const {
    return names == Names::kIdentifiers ? is_identifier(name) : valid_name(name);
  }
  void replace(LabelsBuilder& labels) const;
  void map_names(LabelsBuilder& labels) const;
  void remove_names(LabelsBuilder& labels, bool matching) const;
};

Result<Rule> Rule::compile(const RuleConfig& config, Names names) {
  auto impl = std::make_shared<Impl>();
  INVAR_ASSIGN_OR_RETURN(impl->pattern, Pattern::compile(config.regex));
  INVAR_TRY(validate(config));
  if (config.action == Action::kHashMod && !md5_tail("")) {
    return fail(ErrorCode::kUnsupported,
                "the hashmod action needs MD5, which this system's crypto library refuses");
  }
  impl->config = config;
  impl->names = names;
  impl->target = Template(config.target_label, impl->pattern.group_names());
  impl->replacement = Template(config.replacement, impl->pattern.group_names());
  return Rule(std::move(impl));
}

const RuleConfig& Rule::config() const {
  return impl_->config;
}

void Rule::Impl::replace(LabelsBuilder& labels) const {
  std::string joined;
  const std::string_view value = joined_values(labels, config, joined);
  Groups groups;
  if (!pattern.match(value, groups)) return;
  const std::string name = target.constant() ? target.expand({}) : target.expand(groups);
  if (!may_write(name)) return;
  labels.set(name, replacement.expand(groups));
}

void Rule::Impl::map_names(LabelsBuilder& labels) const {
  // Names are visited as they stood before the rule, in bytewise order: what the rule makes is never visited,
  // and of two labels that map to one name the last wins, every time.
  const std::vector<Label> before = labels.sorted();
  Groups groups;
  for (const Label& label : before) {
    if (!pattern.match(label.name, groups)) continue;
    const std::string name = replacement.expand(groups);
    if (valid_name(name)) labels.set(name, label.value);
  }
}

void Rule::Impl::remove_names(LabelsBuilder& labels, bool matching) const {
  std::vector<std::string> doomed;
  for (const Label& label : labels.sorted()) {
    if (pattern.matches(label.name) == matching) doomed.push_back(label.name);
  }
  for (const std::string& name : doomed) labels.erase(name);
}

bool Rule::apply(LabelsBuilder& labels) const {
  const RuleConfig& c = impl_->config;
  std::string joined;
  const auto value = [&] { return joined_values(labels, c, joined); };
  if (writes_target(c.action) && c.action != Action::kReplace && !impl_->may_write(c.target_label))
    return true;
  switch (c.action) {
    case Action::kReplace:
      impl_->replace(labels);
      break;
    case Action::kKeep:
      return impl_->pattern.matches(value());
    case Action::kDrop:
      return !impl_->pattern.matches(value());
    case Action::kKeepEqual:
      return value() == labels.get(c.target_label);
    case Action::kDropEqual:
      return value() != labels.get(c.target_label);
    case Action::kHashMod: {
      const std::uint64_t hash = md5_tail(value()).value_or(0);
      labels.set(c.target_label, std::to_string(hash % c.modulus));
      break;
    }
    case Action::kLowercase:
      labels.set(c.target_label, to_lower_unicode(value()));
      break;
    case Action::kUppercase:
      labels.set(c.target_label, to_upper_unicode(value()));
      break;
    case Action::kLabelMap:
      impl_->map_names(labels);
      break;
    case Action::kLabelDrop:
      impl_->remove_names(labels, true);
      break;
    case Action::kLabelKeep:
      impl_->remove_names(labels, false);
      break;
  }
  return true;
}

bool apply(LabelsBuilder& labels, const Rules& rules) {
  return std::ranges::all_of(rules, [&](const Rule& rule) { return rule.apply(labels); });
}

std::optional<Labels> process(const Labels& labels, const Rules& rules) {
  if (rules.empty()) return labels;
  LabelsBuilder builder(labels);
  if (!apply(builder, rules)) return std::nullopt;
  return builder.build();
}

}  // namespace invar::relabel
