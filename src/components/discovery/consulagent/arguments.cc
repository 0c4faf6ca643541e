#include "components/discovery/consulagent/arguments.h"

#include "component/http_client_schema.h"
#include "consul/access_schema.h"

namespace invar::components::discovery_consulagent {
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
          .squash(&Arguments::access, consul::access_schema())
          .attribute("tag_separator", &Arguments::tag_separator,
                     "What stands before, between and behind the tags in the label of tags.")
          .attribute("username", &Arguments::username, "User name of the basic authentication.")
          .attribute("password", &Arguments::password, "Password of the basic authentication.")
          .attribute("refresh_interval", &Arguments::refresh_interval, "How often the agent is asked.")
          .attribute("services", &Arguments::services,
                     "Names of the services to take; all of them when none is given.")
          .attribute("tags", &Arguments::tags, "Tags that an instance must have, all of them.")
          .block("tls_config", &Arguments::tls, component::tls_config_schema(),
                 "TLS of the connection to the agent.")
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_consulagent
