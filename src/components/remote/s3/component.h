// remote.s3: the content of an object of S3. Spec: discovery.md 13.
#pragma once

#include "component/component.h"

namespace invar::components::remote_s3 {

component::Registration registration();

}  // namespace invar::components::remote_s3
