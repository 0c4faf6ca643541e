#include "components/discovery/ec2/component.h"

#include "components/discovery/ec2/discovery.h"
#include "http/proxy.h"

namespace invar::components::discovery_ec2 {
namespace {

constexpr const char* kDocumentation =
    R"(Each instance with a private IPv4 address, or else an IPv6 address, is a target. What stopped instances mean is yours: filter them
(`instance-state-name`), or drop them by a rule on `__meta_ec2_instance_state`.

**Credentials** are looked for where AWS' own tools look: `access_key` and `secret_key`, the environment (`AWS_ACCESS_KEY_ID` …), the
web identity of a cluster (EKS), the profile of the shared files, the container's (ECS, EKS Pod Identity), the instance's metadata
service (IMDSv2). With `role_arn`, or a profile that names one, that role is taken with them. They need `ec2:DescribeInstances`, and
for the id of the zone `ec2:DescribeAvailabilityZones`. As requests are signed, they cannot have another authorization.

It was tested against moto, an imitation of AWS, and its signatures against AWS' published test suite.

While AWS cannot be asked the targets found before stay exported and the component is unhealthy.

| Label | Value |
|---|---|
| `__meta_ec2_instance_id`, `_instance_state`, `_instance_type`, `_instance_lifecycle` | The instance. |
| `__meta_ec2_private_ip`, `_private_dns_name`, `_public_ip`, `_public_dns_name` | Its addresses. |
| `__meta_ec2_default_ipv6_address`, `_ipv6_addresses`, `_primary_ipv6_addresses` | Its IPv6 addresses; lists as `,a,b,`. |
| `__meta_ec2_region`, `_availability_zone`, `_availability_zone_id` | Where it is. |
| `__meta_ec2_vpc_id`, `_primary_subnet_id`, `_subnet_id` | Its networks; the last is a list. |
| `__meta_ec2_ami`, `_architecture`, `_platform`, `_owner_id` | Image, architecture, `windows`, account. |
| `__meta_ec2_tag_<key>` | Each tag. |
)";

constexpr const char* kExample = R"(discovery.ec2 "shop" {
  region = "eu-west-1"
  port   = 6060

  filter {
    name   = "tag:team"
    values = ["shop"]
  }
  filter {
    name   = "instance-state-name"
    values = ["running"]
  }
}

pyroscope.scrape "shop" {
  targets    = discovery.ec2.shop.targets
  forward_to = []
}
)";

Result<std::unique_ptr<component::Discoverer>> make(const component::Options& options,
                                                    const Arguments& arguments) {
  return make_discoverer(http::process_environment(), options, arguments);
}

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>({.name = "discovery.ec2",
                                                       .summary = "Discovers the instances of AWS EC2.",
                                                       .arguments = &arguments_schema,
                                                       .documentation = kDocumentation,
                                                       .example = kExample},
                                                      &make);
}

}  // namespace invar::components::discovery_ec2
