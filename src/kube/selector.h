// Selectors of the Kubernetes API as users write them: what the API server would refuse is refused before it is asked.
// Errors: what is wrong, and an example. Threads: any; pure. Source: the labels and field selectors of the Kubernetes API.
#pragma once

#include <string_view>

#include "base/error.h"

namespace invar::kube {

Result<> check_label_selector(
    std::string_view text);  // "app=shop,tier notin (test, dev),!canary"; "" chooses everything
Result<> check_field_selector(
    std::string_view text);  // "spec.nodeName=node-1,status.phase!=Failed"; likewise

}  // namespace invar::kube
