// Syntax tree -> source text by the rules of formatting.md: byte-identical, idempotent, every comment kept.
#pragma once

#include <string>

#include "syntax/ast.h"

namespace invar::syntax {

std::string print_file(const ast::File& file);
// One expression on the layout of its source, as messages quote it: `[1, 2]`, `f(x).y`.
std::string print_expression(const ast::Expr& expr, const SourcePtr& source);

}  // namespace invar::syntax
