#include "components/pyroscope/relabel/arguments.h"

#include <algorithm>

#include "component/relabel_schema.h"

namespace invar::components::pyroscope_relabel {
namespace {

const syntax::Schema& pprof_schema() {
  using pprof::EditPlan;
  static const syntax::Schema schema =
      syntax::SchemaBuilder<EditPlan>()
          .attribute("keep_sample_types", &EditPlan::keep_sample_types,
                     "Sample types to keep, such as `inuse_space`; when written, all others are removed.")
          .invar_only()
          .attribute("drop_sample_types", &EditPlan::drop_sample_types, "Sample types to remove.")
          .invar_only()
          .attribute(
              "promote_labels", &EditPlan::promote_labels,
              "Labels inside the profile that become labels of the series, before the rules run, when all "
              "samples agree on the value.")
          .invar_only()
          .valid([](const EditPlan& plan) -> std::optional<syntax::DecodeError> {
            const auto nameless = std::ranges::find(plan.promote_labels, "");
            if (nameless == plan.promote_labels.end()) return std::nullopt;
            return syntax::at_index(syntax::decode_failure("a label needs a name"),
                                    static_cast<std::size_t>(nameless - plan.promote_labels.begin()));
          })
          .attribute("remove_labels", &EditPlan::remove_labels, "Labels to remove from all samples.")
          .invar_only()
          .build();
  return schema;
}

Result<> check_arguments(const Arguments& arguments) {
  if (arguments.max_cache_size <= 0)
    return fail(ErrorCode::kInvalidArgument, "max_cache_size: must provide a positive size");
  return {};
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("forward_to", &Arguments::forward_to,
                     "List of receivers to forward profiles to after relabeling.")
          .required()
          .attribute("max_cache_size", &Arguments::max_cache_size,
                     "Maximum number of label sets whose result is remembered.")
          .block("rule", &Arguments::rules, component::profile_rule_schema(),
                 "A relabeling rule; rules run from top to bottom, each on the result of the one before.")
          .block("pprof", &Arguments::pprof, pprof_schema(),
                 "Changes inside pushed pprof profiles; bodies received on `/ingest` are never changed.")
          .invar_only()
          .check(&check_arguments)
          .build();
  return schema;
}

const syntax::Schema& exports_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Exports>()
          .attribute("receiver", &Exports::receiver,
                     "A value that other components can use to send profiles to.")
          .attribute("rules", &Exports::rules, "The rules of this component, to be applied elsewhere.")
          .build();
  return schema;
}

}  // namespace invar::components::pyroscope_relabel
