#include "components/discovery/nomad/arguments.h"

#include "component/http_client_schema.h"
#include "component/url_rule.h"

namespace invar::components::discovery_nomad {
namespace {

Result<> check(const Arguments& arguments) {
  if (arguments.refresh_interval <= Duration::zero())
    return fail(ErrorCode::kInvalidArgument, "refresh_interval must be greater than 0");
  return {};
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute_with<component::UrlCodec>("server", &Arguments::server, "URL of Nomad's HTTP API.")
          .valid([](const Arguments& arguments) {
            return component::check_server_url(arguments.server,
                                               {.example = "http://localhost:4646", .query_allowed = false});
          })
          .attribute("namespace", &Arguments::space, "Namespace of the services; `*` for all.")
          .attribute("region", &Arguments::region, "Region to ask for.")
          .attribute("tag_separator", &Arguments::tag_separator,
                     "What stands before, between and behind the tags in the label of tags.")
          .attribute("allow_stale", &Arguments::allow_stale,
                     "Whether any server may answer, and not the leader alone.")
          .attribute("refresh_interval", &Arguments::refresh_interval, "How often Nomad is asked.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_nomad
