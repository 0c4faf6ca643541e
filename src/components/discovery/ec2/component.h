// discovery.ec2: the instances of AWS EC2 as targets. User's page: docs/reference/components/discovery.ec2.md.
// Inside:   discovery.h polls page by page, signed by src/aws; instances.h makes the targets, pure.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 11d.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_ec2 {

component::Registration registration();

}  // namespace invar::components::discovery_ec2
