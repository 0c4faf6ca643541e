// Names from elsewhere (labels of containers, pods, instances) as parts of label names.
#pragma once

#include <string>
#include <string_view>

namespace invar::component {

// Every code point outside [a-zA-Z0-9_] becomes `_`. Pure. Spec: discovery.md 2.
std::string clean_label_name(std::string_view name);

}  // namespace invar::component
