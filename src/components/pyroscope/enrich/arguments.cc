#include "components/pyroscope/enrich/arguments.h"

namespace invar::components::pyroscope_enrich {

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("targets", &Arguments::targets,
                     "Targets from a discovery component, whose labels are copied.")
          .required()
          .attribute("target_match_label", &Arguments::target_match_label,
                     "The label of a target whose value a profile has to share.")
          .required()
          .attribute("profiles_match_label", &Arguments::profiles_match_label,
                     "The label of the profile to compare with; `target_match_label` when not written.")
          .attribute("labels_to_copy", &Arguments::labels_to_copy,
                     "Labels to copy from the target; when empty, all that do not start with `__`.")
          .attribute("forward_to", &Arguments::forward_to, "List of receivers to forward profiles to.")
          .required()
          .check([](const Arguments& arguments) -> Result<> {
            if (arguments.target_match_label.empty())
              return fail(ErrorCode::kInvalidArgument, "target_match_label must not be empty");
            return {};
          })
          .build();
  return schema;
}

}  // namespace invar::components::pyroscope_enrich
