// The arguments and exports of discovery.relabel. Spec: discovery.md 6, relabel.md 1.
#pragma once

#include <vector>

#include "component/relabel_rules.h"
#include "component/target.h"
#include "labels/relabel.h"
#include "syntax/schema.h"

namespace invar::components::discovery_relabel {

struct Arguments {
  component::Targets targets;
  std::vector<relabel::RuleConfig> rules;
  bool operator==(const Arguments&) const = default;
};

struct Exports {
  component::Targets output;
  component::ExportedRules rules;
  bool operator==(const Exports&) const = default;
};

const syntax::Schema& arguments_schema();
const syntax::Schema& exports_schema();

}  // namespace invar::components::discovery_relabel
