// The rules of a relabeling component as one opaque value ("relabel.Rules"), for components that take them over.
#pragma once

#include <vector>

#include "labels/relabel.h"
#include "syntax/decode.h"

namespace invar::component {

struct ExportedRules {
  std::vector<relabel::RuleConfig> list;
  bool operator==(const ExportedRules&) const = default;
};

}  // namespace invar::component

namespace invar::syntax {
template <>
struct Codec<component::ExportedRules> {
  static std::string type_text() { return "RelabelRules"; }
  static StaticType static_type();
  static std::expected<component::ExportedRules, DecodeError> decode(const Value& v);
  static Value encode(const component::ExportedRules& v);
};
}  // namespace invar::syntax
