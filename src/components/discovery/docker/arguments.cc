#include "components/discovery/docker/arguments.h"

#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "moby/filter_schema.h"
#include "moby/host.h"

namespace invar::components::discovery_docker {
namespace {

Result<> check(const Arguments& a) {
  return moby::check_connection(a.host, a.port, a.refresh_interval, a.client);
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("host", &Arguments::host,
                     "Where the daemon listens: `unix:///var/run/docker.sock`, `tcp://host:2375`, "
                     "`https://host:2376`.")
          .required()
          .valid([](const Arguments& a) { return component::mistake_in(moby::parse_host(a.host)); })
          .attribute("port", &Arguments::port, "Port of targets whose container exposes no TCP port.")
          .attribute("host_networking_host", &Arguments::host_networking_host,
                     "Address of targets whose container uses the host's network.")
          .attribute("refresh_interval", &Arguments::refresh_interval,
                     "How often all containers are listed, besides whenever the daemon tells of a change.")
          .attribute("match_first_network", &Arguments::match_first_network,
                     "Only the first network of a container, by name, gives targets.")
          .block("filter", &Arguments::filters, moby::filter_schema(),
                 "Only containers that match are listed.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_docker
