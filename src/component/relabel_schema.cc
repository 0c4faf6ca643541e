#include "component/relabel_schema.h"

#include "base/check.h"
#include "component/whole_number.h"

namespace invar::syntax {
template <>
struct Codec<relabel::Action>
    : TextCodec<relabel::Action, relabel::parse_action,
                static_cast<std::string_view (*)(relabel::Action)>(relabel::to_string)> {};
}  // namespace invar::syntax

namespace invar::component {
namespace {

using syntax::Codec;
using syntax::DecodeError;
using syntax::StaticType;
using syntax::Value;

// A pattern is compiled where it is written, so that its error points there.
struct RegexCodec : Codec<std::string> {
  static StaticType static_type() {
    return {StaticType::Kind::kTextEncoded, nullptr, [](const Value& v) -> std::optional<DecodeError> {
              auto decoded = decode(v);
              if (decoded) return std::nullopt;
              return std::move(decoded).error();
            }};
  }
  static std::expected<std::string, DecodeError> decode(const Value& v) {
    auto pattern = Codec<std::string>::decode(v);
    if (!pattern) return pattern;
    if (auto valid = relabel::validate_regex(*pattern); !valid)
      return std::unexpected(syntax::decode_failure(std::move(valid.error().message)));
    return pattern;
  }
};

Result<> check_rule(const relabel::RuleConfig& config) {
  INVAR_TRY(relabel::Rule::compile(config));
  return {};
}

syntax::Schema make_rule_schema() {
  using relabel::RuleConfig;
  return syntax::SchemaBuilder<RuleConfig>()
      .attribute("action", &RuleConfig::action,
                 "What to do: replace, keep, drop, keepequal, dropequal, hashmod, lowercase, uppercase, "
                 "labelmap, "
                 "labeldrop or labelkeep.")
      .default_text("\"replace\"")
      .attribute("source_labels", &RuleConfig::source_labels,
                 "Labels whose values are joined and then matched against the regular expression.")
      .attribute("separator", &RuleConfig::separator, "What stands between the joined values.")
      .attribute_with<RegexCodec>("regex", &RuleConfig::regex,
                                  "RE2 expression that must match the whole joined value, or a label's name.")
      .attribute_with<WholeNumberCodec>("modulus", &RuleConfig::modulus, "Divisor of the hash, for hashmod.")
      .attribute("target_label", &RuleConfig::target_label, "The label that receives the result.")
      .attribute("replacement", &RuleConfig::replacement,
                 "The new value; $1 and ${name} stand for what the groups of the expression matched.")
      .check(&check_rule)
      .build();
}

}  // namespace

const syntax::Schema& rule_schema() {
  static const syntax::Schema schema = make_rule_schema();
  return schema;
}

const syntax::Schema& profile_rule_schema() {
  static const syntax::Schema schema = make_rule_schema();
  return schema;
}

relabel::Rules compile_rules(const std::vector<relabel::RuleConfig>& configs, relabel::Names names) {
  relabel::Rules rules;
  rules.reserve(configs.size());
  for (const auto& config : configs) {
    auto rule = relabel::Rule::compile(config, names);
    INVAR_CHECK(rule.has_value(), "a rule that its schema accepted does not compile");
    rules.push_back(std::move(*rule));
  }
  return rules;
}

std::vector<std::string> name_warnings(const std::vector<relabel::RuleConfig>& configs) {
  std::vector<std::string> sentences;
  for (const auto& config : configs) {
    if (std::string sentence = relabel::name_warning(config); !sentence.empty())
      sentences.push_back(std::move(sentence));
  }
  return sentences;
}

}  // namespace invar::component
