// What to write in place of a value of a wrong type: a list of one, a reference without its quotes. Pure.
#pragma once

#include <string>

#include "syntax/decode.h"

namespace invar::syntax {

// ` (write ["a"])` for what `error` says of the whole of `value`, or "" when it says itself what to write or nothing is known.
std::string written_advice(const Value& value, const StaticType& type, const DecodeError& error);

}  // namespace invar::syntax
