// Discovery of the instances of AWS EC2. Threads: loop thread only. Spec: discovery.md 11d.
#pragma once

#include <memory>

#include "component/discovery.h"
#include "components/discovery/ec2/arguments.h"

namespace invar::components::discovery_ec2 {

Result<std::unique_ptr<component::Discoverer>> make_discoverer(aws::Environment environment,
                                                               const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_ec2
