#include "components/discovery/dockerswarm/arguments.h"

#include <array>

#include "base/choice.h"
#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "moby/filter_schema.h"
#include "moby/host.h"

namespace invar::components::discovery_dockerswarm {
namespace {

Result<> check(const Arguments& a) {
  return moby::check_connection(a.host, a.port, a.refresh_interval, a.client);
}

}  // namespace

Result<Role> parse_role(std::string_view text) {
  for (const Role role : {Role::kServices, Role::kTasks, Role::kNodes})
    if (text == to_string(role)) return role;
  constexpr std::array<std::string_view, 3> kRoles = {"services", "tasks", "nodes"};
  return fail(ErrorCode::kInvalidArgument, wrong_choice("invalid role", text, kRoles));
}

std::string_view to_string(Role role) {
  return role == Role::kTasks ? "tasks" : role == Role::kNodes ? "nodes" : "services";
}

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("host", &Arguments::host,
                     "Where a manager's daemon listens: `unix:///var/run/docker.sock`, `tcp://host:2375`, "
                     "`https://host:2376`.")
          .required()
          .valid([](const Arguments& a) { return component::mistake_in(moby::parse_host(a.host)); })
          .attribute("role", &Arguments::role, "What becomes targets: `services`, `tasks` or `nodes`.")
          .required()
          .attribute("port", &Arguments::port,
                     "Port of nodes, and of services and tasks that publish no TCP port.")
          .attribute("refresh_interval", &Arguments::refresh_interval,
                     "How often everything is listed, besides whenever the daemon tells of a change.")
          .block("filter", &Arguments::filters, moby::filter_schema(), "Only what matches is listed.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_dockerswarm
