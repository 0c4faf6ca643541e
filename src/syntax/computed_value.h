// The value behind an expression that was computed, for messages: the user wrote `sys.env("X")` and wants to know what came of it.
// Pure. Source: language.md 10.3.
#pragma once

#include <string>

#include "syntax/ast.h"
#include "syntax/decode.h"

namespace invar::syntax {

// ` (its value is "15 s")`, ` (a secret of 9 bytes that ends in a line break)`; "" for what is written as it is, and for values
// that say nothing in one line. `whole` is the value of the expression in which the error's path begins, `place` what is blamed.
std::string computed_value(const ast::Expr& place, const Value& whole, const DecodeError& error);

// What is odd about a text that should be one word: ` that ends in a line break`; "" when nothing is.
std::string oddity(std::string_view text);

}  // namespace invar::syntax
