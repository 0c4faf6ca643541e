// The arguments and exports of discovery.relabel. Spec: discovery.md 6, relabel.md 1.
#pragma once

#include <vector>

#include "component/target.h"
#include "labels/relabel.h"
#include "syntax/schema.h"

namespace invar::components::discovery_relabel {

struct Arguments {
  component::Targets targets;
  std::vector<relabel::RuleConfig> rules;
  bool operator==(const Arguments&) const = default;
};

// The rules as one opaque value, for components that take them over.
struct ExportedRules {
  std::vector<relabel::RuleConfig> list;
  bool operator==(const ExportedRules&) const = default;
};

struct Exports {
  component::Targets output;
  ExportedRules rules;
  bool operator==(const Exports&) const = default;
};

const syntax::Schema& arguments_schema();
const syntax::Schema& exports_schema();

}  // namespace invar::components::discovery_relabel

namespace invar::syntax {
template <>
struct Codec<components::discovery_relabel::ExportedRules> {
  static std::string type_text() { return "RelabelRules"; }
  static StaticType static_type();
  static std::expected<components::discovery_relabel::ExportedRules, DecodeError> decode(const Value& v);
  static Value encode(const components::discovery_relabel::ExportedRules& v);
};
}  // namespace invar::syntax
