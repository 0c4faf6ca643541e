// For tests: expressions and bodies from text to a line that says what became of them.
#pragma once

#include <string>
#include <string_view>

#include "syntax/evaluator.h"

namespace invar::syntax::testing {

// The value in the language's notation, or "error: <line>:<column>: <message>" for every diagnostic, joined with " | ".
std::string evaluate_text(std::string_view expression, const Scope& scope = {});
Value evaluate_value(std::string_view expression, const Scope& scope = {});  // aborts on any error

// Decodes a body into `object`. "" when it went well, else the diagnostics; one without a place starts with "-: ".
std::string decode_text(std::string_view body, const Schema& schema, void* object, const Scope& scope = {});
// The diagnostics of check_body, with their ranges: "1:1-1:5: message".
std::string check_text(std::string_view body, const Schema& schema);

std::string describe(const Diagnostics& diagnostics);

}  // namespace invar::syntax::testing
