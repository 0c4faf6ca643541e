// discovery.ec2: the instances of AWS EC2. Spec: discovery.md 11d.
#pragma once

#include "component/component.h"

namespace invar::components::discovery_ec2 {

component::Registration registration();

}  // namespace invar::components::discovery_ec2
