#include "components/discovery/dockerswarm/component.h"

#include "components/discovery/dockerswarm/arguments.h"
#include "components/discovery/dockerswarm/targets.h"
#include "moby/discoverer.h"

namespace invar::components::discovery_dockerswarm {
namespace {

constexpr const char* kDocumentation =
    R"(The daemon must be a manager of the swarm. Changes of services and nodes are visible within a second, as the daemon tells of
them; those of tasks on other nodes at the next `refresh_interval`. The authorization, TLS and proxy arguments are for `http://`
and `https://` hosts.

- `services`: each virtual address of a service, with every published TCP port, or with `port`.
- `tasks`: the ports that a task publishes at its node, and its address in every attached network with the ports on which the
  containers of its service listen, or with `port`. Tasks in every state are listed: keep the running ones with a `filter`
  (`desired-state`) or a rule on `__meta_dockerswarm_task_state`.
- `nodes`: each node's address with `port`.

## Labels

All begin with `__meta_dockerswarm_`.

| Role | Labels |
|---|---|
| services | `service_id`, `service_name`, `service_mode`, `service_label_<name>`, `service_task_container_hostname`, `service_task_container_image`, `service_updating_status`, `service_endpoint_port_name`, `service_endpoint_port_publish_mode` |
| tasks | `task_id`, `task_desired_state`, `task_state`, `task_slot`, `task_container_id`, `task_port_publish_mode`, `container_label_<name>`, and the service's and the node's |
| nodes | `node_id`, `node_role`, `node_availability`, `node_hostname`, `node_platform_architecture`, `node_platform_os`, `node_engine_version`, `node_status`, `node_address`, `node_label_<name>`, `node_manager_leader`, `node_manager_reachability`, `node_manager_address` |
| services, tasks | of the network: `network_id`, `network_name`, `network_scope`, `network_internal`, `network_ingress`, `network_label_<name>` |
)";

constexpr const char* kExample = R"(discovery.dockerswarm "tasks" {
  host = "unix:///var/run/docker.sock"
  role = "tasks"

  filter {
    name   = "desired-state"
    values = ["running"]
  }
}

pyroscope.scrape "tasks" {
  targets    = discovery.dockerswarm.tasks.targets
  forward_to = []
}
)";

moby::MobyDiscoverer::Plan plan_of(const Arguments& arguments) {
  const std::string filters = arguments.filters.empty() ? "" : "?" + moby::filter_query(arguments.filters);
  const auto port = arguments.port;
  using Bodies = moby::Client::Bodies;
  switch (arguments.role) {
    case Role::kTasks:
      return {.mechanism = "dockerswarm",
              .paths = {"/tasks" + filters, "/services", "/nodes", "/networks"},
              .read = [port](const Bodies& b) { return read_tasks(b[0], b[1], b[2], b[3], port); }};
    case Role::kNodes:
      return {.mechanism = "dockerswarm", .paths = {"/nodes" + filters}, .read = [port](const Bodies& b) {
                return read_nodes(b[0], port);
              }};
    case Role::kServices:
      break;
  }
  return {.mechanism = "dockerswarm",
          .paths = {"/services" + filters, "/networks"},
          .read = [port](const Bodies& b) { return read_services(b[0], b[1], port); }};
}

Result<std::unique_ptr<component::Discoverer>> make(const component::Options& options,
                                                    const Arguments& arguments) {
  return moby::make_discoverer(options, arguments.host, arguments.client, arguments.refresh_interval,
                               plan_of(arguments));
}

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>(
      {.name = "discovery.dockerswarm",
       .summary = "Finds the services, tasks or nodes of a Docker swarm.",
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make);
}

}  // namespace invar::components::discovery_dockerswarm
