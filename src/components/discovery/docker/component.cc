#include "components/discovery/docker/component.h"

#include "components/discovery/docker/arguments.h"
#include "components/discovery/docker/containers.h"
#include "moby/discoverer.h"

namespace invar::components::discovery_docker {
namespace {

constexpr const char* kDocumentation =
    R"(Works with Docker (API 1.40, Docker 19.03, and newer) and with Podman's Docker-compatible socket. Every network address of a
container gives one target per exposed TCP port, and one with `port` when it exposes none. A container in the network of another
one takes that one's addresses; one in the host's network has `host_networking_host` as its address. A container that has no
address gives no target. Podman lists containers on the host's network without any network: those give none, either.

Changes are visible within a second, as the daemon tells of them; where it does not, at the next `refresh_interval`. To read the
socket Invar runs as root or in the group of the socket (usually `docker`).

The authorization, TLS and proxy arguments are for `http://` and `https://` hosts; with others they are an error.

## Labels

| Label | Value |
|---|---|
| `__meta_docker_container_id`, `__meta_docker_container_name` | Id, and name with its leading `/`. |
| `__meta_docker_container_network_mode` | `bridge`, `host`, `container:<id>`, … |
| `__meta_docker_container_label_<name>` | Each label of the container. |
| `__meta_docker_network_id`, `_name`, `_scope`, `_internal`, `_ingress`, `_label_<name>` | The network. |
| `__meta_docker_network_ip` | The container's address in it. |
| `__meta_docker_port_private` | The port inside the container. |
| `__meta_docker_port_public`, `__meta_docker_port_public_ip` | Where it is published, if it is. |
)";

constexpr const char* kExample = R"(discovery.docker "local" {
  host = "unix:///var/run/docker.sock"

  filter {
    name   = "label"
    values = ["profiling=true"]
  }
}

pyroscope.scrape "containers" {
  targets    = discovery.docker.local.targets
  forward_to = []
}
)";

Result<std::unique_ptr<component::Discoverer>> make(const component::Options& options,
                                                    const Arguments& arguments) {
  std::string containers = "/containers/json";
  if (!arguments.filters.empty()) containers += "?" + moby::filter_query(arguments.filters);
  return moby::make_discoverer(options, arguments.host, arguments.client, arguments.refresh_interval,
                               {.mechanism = "docker",
                                .paths = {std::move(containers), "/networks"},
                                .read = [arguments](const moby::Client::Bodies& bodies) {
                                  return read_containers(bodies[0], bodies[1], arguments);
                                }});
}

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>(
      {.name = "discovery.docker",
       .summary = "Finds the containers of a Docker or Podman daemon.",
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make);
}

}  // namespace invar::components::discovery_docker
