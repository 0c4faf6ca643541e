#include "components/discovery/gce/arguments.h"

#include "component/whole_number.h"

namespace invar::components::discovery_gce {
namespace {

Result<> check(const Arguments& arguments) {
  const auto invalid = [](std::string text) { return fail(ErrorCode::kInvalidArgument, std::move(text)); };
  if (arguments.project.empty()) return invalid("GCE SD configuration requires a project");
  if (arguments.zone.empty()) return invalid("GCE SD configuration requires a zone");
  if (arguments.refresh_interval <= Duration::zero())
    return invalid("refresh_interval must be greater than 0");
  if (arguments.port > 65535) return invalid("port must be at most 65535");
  return {};
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("project", &Arguments::project, "Id of the project.")
          .required()
          .attribute("zone", &Arguments::zone, "Zone of the instances: one component a zone.")
          .required()
          .attribute("filter", &Arguments::filter, "Filter in the API's form: `labels.team=shop`.")
          .attribute("refresh_interval", &Arguments::refresh_interval, "How often the instances are listed.")
          .attribute_with<component::WholeNumberCodec>("port", &Arguments::port,
                                                       "Port of the addresses of the targets.")
          .attribute("tag_separator", &Arguments::tag_separator,
                     "What stands before, between and behind the tags in the label of tags.")
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_gce
