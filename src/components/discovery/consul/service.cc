#include "components/discovery/consul/service.h"

#include "component/address.h"
#include "component/json_fields.h"
#include "consul/labels.h"

namespace invar::components::discovery_consul {
namespace {

using component::field;
using component::text_field;
using syntax::Value;

const std::string kPrefix = "__meta_consul_";

component::Target read_instance(const Value& instance, const Service& of) {
  const Value& node = field(instance, "Node");
  const Value& service = field(instance, "Service");
  const std::string own_address = text_field(service, "Address");
  const std::string node_address = text_field(node, "Address");
  const std::string port = text_field(service, "Port");
  consul::Health health;
  for (const Value& check : component::items_of(field(instance, "Checks"))) health.add(check);
  component::Target::Map labels = {
      {"__address__", component::join_host_port(own_address.empty() ? node_address : own_address, port)},
      {kPrefix + "service", of.name},
      {kPrefix + "dc", of.datacenter},
      {kPrefix + "address", node_address},
      {kPrefix + "node", text_field(node, "Node")},
      {kPrefix + "namespace", text_field(service, "Namespace")},
      {kPrefix + "partition", text_field(service, "Partition")},
      {kPrefix + "tags", consul::join_tags(field(service, "Tags"), of.tag_separator)},
      {kPrefix + "service_address", own_address},
      {kPrefix + "service_port", port},
      {kPrefix + "service_id", text_field(service, "ID")},
      {kPrefix + "health", health.text()},
  };
  consul::add_labels(labels, kPrefix + "metadata_", field(node, "Meta"));
  consul::add_labels(labels, kPrefix + "service_metadata_", field(service, "Meta"));
  consul::add_labels(labels, kPrefix + "tagged_address_", field(node, "TaggedAddresses"));
  return component::Target(labels);
}

}  // namespace

component::Targets read_instances(const Value& instances, const Service& service) {
  component::Targets targets;
  for (const Value& instance : component::items_of(instances))
    targets.push_back(read_instance(instance, service));
  return targets;
}

}  // namespace invar::components::discovery_consul
