// The targets of the instances of one page of DescribeInstances. Pure. Spec: discovery.md 11d.
#pragma once

#include <map>
#include <string>

#include "component/target.h"
#include "syntax/value.h"

namespace invar::components::discovery_ec2 {

struct InstanceContext {
  std::string region;
  std::uint64_t port = 80;
  std::map<std::string, std::string> zone_ids;  // by the name of the zone
};
void read_instances(const syntax::Value& answer, const InstanceContext& context, component::Targets& out);

// Of DescribeAvailabilityZones.
std::map<std::string, std::string> read_zone_ids(const syntax::Value& answer);

}  // namespace invar::components::discovery_ec2
