#include "component/relabel_rules.h"

#include <utility>

namespace invar::syntax {

using component::ExportedRules;

namespace {

class RulesCapsule final : public Capsule {
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
