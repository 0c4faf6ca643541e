#include "component/address.h"
#include "component/json_fields.h"
#include "component/label_name.h"
#include "components/discovery/gce/discovery.h"

namespace invar::components::discovery_gce {
namespace {

using component::clean_label_name;
using component::field;
using component::items_of;
using component::text_field;
using syntax::Value;

const std::string kPrefix = "__meta_gce_";

component::Target read_instance(const Value& instance, std::span<const Value> interfaces,
                                const Arguments& arguments) {
  const Value& first = interfaces.front();
  const std::string ip = text_field(first, "networkIP");
  component::Target::Map labels = {
      {"__address__", component::join_host_port(ip, std::to_string(arguments.port))},
      {kPrefix + "project", arguments.project},
      {kPrefix + "zone", text_field(instance, "zone")},
      {kPrefix + "instance_id", text_field(instance, "id")},
      {kPrefix + "instance_name", text_field(instance, "name")},
      {kPrefix + "instance_status", text_field(instance, "status")},
      {kPrefix + "machine_type", text_field(instance, "machineType")},
      {kPrefix + "network", text_field(first, "network")},
      {kPrefix + "subnetwork", text_field(first, "subnetwork")},
      {kPrefix + "private_ip", ip},
  };
  for (const Value& interface : interfaces)
    labels[kPrefix + "interface_ipv4_" + clean_label_name(text_field(interface, "name"))] =
        text_field(interface, "networkIP");
  std::string tags = arguments.tag_separator;
  const auto items = items_of(field(field(instance, "tags"), "items"));
  for (const Value& tag : items) tags.append(component::text_of(tag)).append(arguments.tag_separator);
  if (!items.empty()) labels[kPrefix + "tags"] = std::move(tags);
  for (const Value& entry : items_of(field(field(instance, "metadata"), "items"))) {
    if (field(entry, "value").is_null()) continue;
    labels[kPrefix + "metadata_" + clean_label_name(text_field(entry, "key"))] = text_field(entry, "value");
  }
  for (const auto& [name, value] : component::fields_of(field(instance, "labels")))
    labels[kPrefix + "label_" + clean_label_name(name)] = component::text_of(value);
  const auto accesses = items_of(field(first, "accessConfigs"));
  if (!accesses.empty() && text_field(accesses.front(), "type") == "ONE_TO_ONE_NAT")
    labels[kPrefix + "public_ip"] = text_field(accesses.front(), "natIP");
  return component::Target(labels);
}

}  // namespace

void read_instances(const Value& answer, const Arguments& arguments, component::Targets& out) {
  for (const Value& instance : items_of(field(answer, "items"))) {
    const auto interfaces = items_of(field(instance, "networkInterfaces"));
    if (!interfaces.empty()) out.push_back(read_instance(instance, interfaces, arguments));
  }
}

}  // namespace invar::components::discovery_gce
