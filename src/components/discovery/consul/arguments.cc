#include "components/discovery/consul/arguments.h"

#include "component/http_client_schema.h"
#include "consul/access_schema.h"

namespace invar::components::discovery_consul {
namespace {

Result<> check(const Arguments& arguments) {
  const auto invalid = [](std::string text) { return fail(ErrorCode::kInvalidArgument, std::move(text)); };
  if (arguments.refresh_interval <= Duration::zero())
    return invalid("refresh_interval must be greater than 0");
  const bool own_basic = !arguments.username.empty() || !arguments.password.value.empty();
  if (own_basic && arguments.client.basic_auth)
    return invalid("at most one of username and password, and basic_auth can be configured");
  if (!arguments.access.token.value.empty() && (arguments.client.authorization || arguments.client.oauth2))
    return invalid("at most one of token, authorization and oauth2 can be configured");
  return {};
}

// `namespace` and `partition`, which belong to the access as well.
const syntax::Schema& enterprise_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<consul::Access>()
          .attribute("namespace", &consul::Access::space, "Namespace to ask for (Consul Enterprise).")
          .attribute("partition", &consul::Access::partition,
                     "Admin partition to ask for (Consul Enterprise).")
          .build();
  return schema;
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .squash(&Arguments::access, consul::access_schema())
          .squash(&Arguments::access, enterprise_schema())
          .attribute("tag_separator", &Arguments::tag_separator,
                     "What stands before, between and behind the tags in the label of tags.")
          .attribute("username", &Arguments::username, "User name of the basic authentication.")
          .attribute("password", &Arguments::password, "Password of the basic authentication.")
          .attribute("allow_stale", &Arguments::allow_stale,
                     "Whether any server may answer, and not the leader alone.")
          .attribute("services", &Arguments::services,
                     "Names of the services to take; all of them when none is given.")
          .attribute("tags", &Arguments::tags, "Tags that a service must have, all of them.")
          .attribute("node_meta", &Arguments::node_meta, "Metadata that a node must have.")
          .attribute("refresh_interval", &Arguments::refresh_interval,
                     "The least time between two questions for the same.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_consul
