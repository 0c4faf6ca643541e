#include "components/discovery/relabel/arguments.h"

#include "component/relabel_schema.h"

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
