// What the parts of the evaluator share; not for other folders.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "syntax/ast.h"
#include "syntax/evaluator.h"

namespace invar::syntax {

// The value of a literal; the error is a finished message (a float out of range).
std::expected<Value, std::string> literal_value(const ast::Literal& literal);

// False when an error was reported; `out` is then unspecified.
bool evaluate_into(const ast::Expr& expr, const SourcePtr& source, const Scope& scope,
                   Diagnostics& diagnostics, Value& out);

// The innermost expression that the error's path leads to; `taken`, when given, is how much of the path that took.
const ast::Expr& blamed_expression(const ast::Expr& expr, const DecodeError& error,
                                   std::size_t* taken = nullptr);

// "<expression><path> <message>" at the innermost expression that the error's path leads to
// (language.md 10.3). With the expression's value, one that was computed is shown behind the message.
void report_decode_error(const ast::Expr& expr, const SourcePtr& source, const DecodeError& error,
                         Diagnostics& diagnostics, const Value* value = nullptr);

// Made of nothing but literals.
bool is_literal(const ast::Expr& expr);

// ` (did you mean "x"?)`, or nothing when no candidate is close.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

std::vector<std::string> stdlib_names();  // top-level names that are not deprecated

}  // namespace invar::syntax
