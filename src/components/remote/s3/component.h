// remote.s3: the content of an object of S3 as an export. User's page: docs/reference/components/remote.s3.md.
// Inside:   s3.h polls, signed by src/aws.
// Threads:  loop thread.
// Lifetime: stopped before it is destroyed. Spec: discovery.md 13.
#pragma once

#include "component/component.h"

namespace invar::components::remote_s3 {

component::Registration registration();

}  // namespace invar::components::remote_s3
