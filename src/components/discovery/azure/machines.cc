#include "components/discovery/azure/machines.h"

#include "base/strings.h"
#include "component/json_fields.h"
#include "component/label_name.h"

namespace invar::components::discovery_azure {

using component::field;
using component::items_of;
using component::text_field;
using syntax::Value;

std::string resource_group_of(std::string_view id) {
  constexpr std::string_view kBefore = "/resourcegroups/";
  const std::size_t at = to_lower_ascii(id).find(kBefore);
  if (at == std::string::npos) return {};
  const std::string_view rest = id.substr(at + kBefore.size());
  return std::string(rest.substr(0, rest.find('/')));
}

Machine read_machine(const Value& value, const std::string& scale_set, const Arguments& arguments) {
  const std::string prefix = "__meta_azure_";
  const Value& properties = field(value, "properties");
  const std::string id = text_field(value, "id");
  Machine machine;
  machine.labels = {
      {prefix + "subscription_id", arguments.subscription_id},
      {prefix + "tenant_id", arguments.oauth      ? arguments.oauth->tenant_id
                             : arguments.sdk_auth ? arguments.sdk_auth->tenant_id
                                                  : ""},
      {prefix + "machine_id", id},
      {prefix + "machine_name", text_field(value, "name")},
      {prefix + "machine_computer_name", text_field(field(properties, "osProfile"), "computerName")},
      {prefix + "machine_os_type",
       text_field(field(field(properties, "storageProfile"), "osDisk"), "osType")},
      {prefix + "machine_location", text_field(value, "location")},
      {prefix + "machine_resource_group", resource_group_of(id)},
      {prefix + "machine_size", text_field(field(properties, "hardwareProfile"), "vmSize")},
  };
  if (!scale_set.empty()) machine.labels[prefix + "machine_scale_set"] = scale_set;
  for (const auto& [name, tag] : component::fields_of(field(value, "tags")))
    machine.labels[prefix + "machine_tag_" + component::clean_label_name(name)] = component::text_of(tag);
  for (const Value& nic : items_of(field(field(properties, "networkProfile"), "networkInterfaces")))
    machine.interfaces.push_back(text_field(nic, "id"));
  return machine;
}

Interface read_interface(const Value& value) {
  const Value& properties = field(value, "properties");
  Interface nic;
  nic.allocated = !field(properties, "primary").is_null();
  nic.primary = text_field(properties, "primary") == "true";
  const auto addresses = items_of(field(properties, "ipConfigurations"));
  if (addresses.empty()) return nic;
  const Value& first = field(addresses.front(), "properties");
  nic.private_ip = text_field(first, "privateIPAddress");
  nic.public_ip = text_field(field(field(first, "publicIPAddress"), "properties"), "ipAddress");
  return nic;
}

}  // namespace invar::components::discovery_azure
