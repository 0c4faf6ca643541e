#include "components/discovery/ec2/instances.h"

#include <algorithm>

#include "base/strings.h"
#include "component/address.h"
#include "component/json_fields.h"
#include "component/label_name.h"

namespace invar::components::discovery_ec2 {
namespace {

using component::field;
using component::items_of;
using component::text_field;
using syntax::Value;
using Labels = component::Target::Map;

const std::string kPrefix = "__meta_ec2_";
constexpr std::size_t kMostInterfaces = 64;

// ",a,b,": so that rules need not know where in the list a part stands.
std::string list_of(const std::vector<std::string>& parts) {
  return "," + join(parts, ",") + ",";
}

struct Ipv6 {
  std::string first;                      // the one to use: the first primary, else the first of all
  std::vector<std::string> primary, all;  // primary: by the index of the interface, "" where it has none
};

Ipv6 ipv6_of(const Value& instance) {
  Ipv6 found;
  if (text_field(instance, "vpcId").empty()) return found;
  for (const Value& interface : items_of(field(instance, "networkInterfaceSet"))) {
    if (text_field(interface, "subnetId").empty()) continue;
    for (const Value& address : items_of(field(interface, "ipv6AddressesSet"))) {
      const std::string text = text_field(address, "ipv6Address");
      found.all.push_back(text);
      const auto index = parse_uint(text_field(field(interface, "attachment"), "deviceIndex")).value_or(0);
      if (text_field(address, "isPrimaryIpv6") != "true" || index >= kMostInterfaces) continue;
      if (found.primary.size() <= index) found.primary.resize(index + 1);
      found.primary[index] = text;
    }
  }
  const auto primary = std::ranges::find_if(found.primary, [](const auto& text) { return !text.empty(); });
  if (primary != found.primary.end()) {
    found.first = *primary;
  } else if (!found.all.empty()) {
    found.first = found.all.front();
  }
  return found;
}

void add_network(const Value& instance, Labels& labels) {
  const std::string vpc = text_field(instance, "vpcId");
  if (vpc.empty()) return;
  labels[kPrefix + "vpc_id"] = vpc;
  labels[kPrefix + "primary_subnet_id"] = text_field(instance, "subnetId");
  std::vector<std::string> subnets;
  for (const Value& interface : items_of(field(instance, "networkInterfaceSet"))) {
    std::string subnet = text_field(interface, "subnetId");
    if (!subnet.empty() && std::ranges::find(subnets, subnet) == subnets.end())
      subnets.push_back(std::move(subnet));
  }
  labels[kPrefix + "subnet_id"] = list_of(subnets);
}

void read_instance(const Value& instance, const std::string& owner, const InstanceContext& context,
                   component::Targets& out) {
  const std::string private_ip = text_field(instance, "privateIpAddress");
  const Ipv6 ipv6 = ipv6_of(instance);
  if (private_ip.empty() && ipv6.first.empty()) return;
  const std::string zone = text_field(field(instance, "placement"), "availabilityZone");
  const auto zone_id = context.zone_ids.find(zone);
  Labels labels = {
      {"__address__",
       component::join_host_port(private_ip.empty() ? ipv6.first : private_ip, std::to_string(context.port))},
      {kPrefix + "instance_id", text_field(instance, "instanceId")},
      {kPrefix + "region", context.region},
      {kPrefix + "ami", text_field(instance, "imageId")},
      {kPrefix + "availability_zone", zone},
      {kPrefix + "availability_zone_id", zone_id == context.zone_ids.end() ? "" : zone_id->second},
      {kPrefix + "instance_state", text_field(field(instance, "instanceState"), "name")},
      {kPrefix + "instance_type", text_field(instance, "instanceType")},
  };
  const auto if_known = [&labels](const std::string& name, std::string value) {
    if (!value.empty()) labels[kPrefix + name] = std::move(value);
  };
  if_known("owner_id", owner);
  if_known("private_ip", private_ip);
  if_known("default_ipv6_address", ipv6.first);
  if_known("private_dns_name", text_field(instance, "privateDnsName"));
  if_known("platform", text_field(instance, "platform"));
  if_known("instance_lifecycle", text_field(instance, "instanceLifecycle"));
  if_known("architecture", text_field(instance, "architecture"));
  if (const std::string public_ip = text_field(instance, "ipAddress"); !public_ip.empty()) {
    labels[kPrefix + "public_ip"] = public_ip;
    labels[kPrefix + "public_dns_name"] = text_field(instance, "dnsName");
  }
  if (!ipv6.primary.empty()) labels[kPrefix + "primary_ipv6_addresses"] = list_of(ipv6.primary);
  if (!ipv6.all.empty()) labels[kPrefix + "ipv6_addresses"] = list_of(ipv6.all);
  add_network(instance, labels);
  for (const Value& tag : items_of(field(instance, "tagSet")))
    labels[kPrefix + "tag_" + component::clean_label_name(text_field(tag, "key"))] = text_field(tag, "value");
  out.emplace_back(labels);
}

}  // namespace

void read_instances(const Value& answer, const InstanceContext& context, component::Targets& out) {
  for (const Value& reservation : items_of(field(answer, "reservationSet"))) {
    for (const Value& instance : items_of(field(reservation, "instancesSet")))
      read_instance(instance, text_field(reservation, "ownerId"), context, out);
  }
}

std::map<std::string, std::string> read_zone_ids(const Value& answer) {
  std::map<std::string, std::string> ids;
  for (const Value& zone : items_of(field(answer, "availabilityZoneInfo")))
    ids[text_field(zone, "zoneName")] = text_field(zone, "zoneId");
  return ids;
}

}  // namespace invar::components::discovery_ec2
