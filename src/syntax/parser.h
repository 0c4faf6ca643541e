// Source text -> syntax tree, collecting every error (language.md 2, 3, 3.1). Recursive descent.
// Limits: nesting deeper than kMaxDepth, and sources over 64 MiB, are located errors; the other bounds stand in
// limits.h. Time and memory stay linear in the input.
// Threads: any; pure.
#pragma once

#include "base/error.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"

namespace invar::syntax {

inline constexpr int kMaxDepth = 500;

// Null when any error was reported.
ast::FilePtr parse_file(const SourcePtr& source, Diagnostics& diagnostics);

// A single expression (tests, fuzzing, command line values).
ast::ExprPtr parse_expression(const SourcePtr& source, Diagnostics& diagnostics);

// The value of a string literal's text (quotes included): escapes processed. Only for texts the scanner accepted.
std::string unquote(std::string_view literal_text);

bool is_valid_identifier(std::string_view text);

// language.md 1: byte order marks of UTF-16/32 and invalid UTF-8 are refused before parsing (`run`, `validate`; not `fmt`).
Result<> check_encoding(std::string_view bytes);

}  // namespace invar::syntax
