// The component that reads an object of S3 at every interval. Threads: loop thread only. Spec: discovery.md 13.
#pragma once

#include "aws/profile.h"
#include "component/component.h"

namespace invar::components::remote_s3 {

Result<std::unique_ptr<component::Component>> build(aws::Environment environment, component::Options options,
                                                    const component::Boxed& arguments);

}  // namespace invar::components::remote_s3
