// The schema of a block whose body is somebody else's, as the template of a foreach: neither decoded nor checked.
// Threads: any. Lifetime: for ever.
#pragma once

#include "syntax/schema.h"

namespace invar::syntax {

struct FreeForm {
  bool operator==(const FreeForm&) const = default;
};
const Schema& free_form_schema();

}  // namespace invar::syntax
