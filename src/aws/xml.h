// AWS' answers in XML as values, for the readers of component/json_fields.h: an element with elements inside is an object, one whose
// elements are all called `item` or `member` is a list, any other is its text. The root is the answer's element itself.
// Errors:  a text that is no XML. Threads: any; pure.
#pragma once

#include <string_view>

#include "base/error.h"
#include "syntax/value.h"

namespace invar::aws {

Result<syntax::Value> parse_xml(std::string_view text);

}  // namespace invar::aws
