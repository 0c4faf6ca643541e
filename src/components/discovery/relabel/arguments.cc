#include "components/discovery/relabel/arguments.h"

#include "component/relabel_schema.h"

namespace invar::components::discovery_relabel {
namespace {

class RulesCapsule final : public syntax::Capsule {
 public:
  explicit RulesCapsule(ExportedRules rules) : rules_(std::move(rules)) {}
  std::string_view type_name() const override { return "relabel.Rules"; }
  bool equals(const Capsule& other) const override {
    const auto* rules = dynamic_cast<const RulesCapsule*>(&other);
    return rules != nullptr && rules->rules_ == rules_;
  }
  const ExportedRules& rules() const { return rules_; }

 private:
  ExportedRules rules_;
};

}  // namespace
}  // namespace invar::components::discovery_relabel

namespace invar::syntax {

using components::discovery_relabel::ExportedRules;
using components::discovery_relabel::RulesCapsule;

StaticType Codec<ExportedRules>::static_type() {
  return {StaticType::Kind::kCapsule, nullptr, {}};
}

std::expected<ExportedRules, DecodeError> Codec<ExportedRules>::decode(const Value& v) {
  if (v.is_null()) return ExportedRules{};
  if (v.type() == Type::kCapsule) {
    if (const auto* rules = dynamic_cast<const RulesCapsule*>(v.as_capsule().get())) return rules->rules();
  }
  return std::unexpected(type_mismatch("capsule", v));
}

Value Codec<ExportedRules>::encode(const ExportedRules& v) {
  return Value(CapsulePtr(std::make_shared<RulesCapsule>(v)));
}

}  // namespace invar::syntax

namespace invar::components::discovery_relabel {

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("targets", &Arguments::targets, "The targets whose labels are rewritten.")
          .required()
          .block("rule", &Arguments::rules, component::rule_schema(),
                 "A relabeling rule; rules run from top to bottom, each on the result of the one before.")
          .build();
  return schema;
}

const syntax::Schema& exports_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Exports>()
          .attribute("output", &Exports::output,
                     "The targets that were kept, with their labels after all rules.")
          .attribute("rules", &Exports::rules, "The rules of this component, to be applied elsewhere.")
          .build();
  return schema;
}

}  // namespace invar::components::discovery_relabel
