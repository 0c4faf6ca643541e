// Evaluation of expressions and bodies against a Scope. Spec: language.md 5, 6, 7.5, 8, 10.3.
// Pure but for sys.env. Threads: any. Evaluation stops at the first error of a block; errors carry the innermost expression.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "syntax/ast.h"
#include "syntax/diagnostics.h"
#include "syntax/schema.h"
#include "syntax/value.h"

namespace invar::syntax {

enum class Stability { kExperimental, kPublicPreview, kGenerallyAvailable };
std::string_view to_string(Stability level);
std::optional<Stability> parse_stability(std::string_view text);

// Variables visible to an expression; falls back to the parent scope, then to the standard library.
struct Scope {
  std::map<std::string, Value, std::less<>> variables;
  std::shared_ptr<const Scope> parent;
  [[nodiscard]] const Value* find(std::string_view name) const;
};

Value evaluate(const ast::Expr& expr, const SourcePtr& source, const Scope& scope,
               Diagnostics& diagnostics);  // null value on error

// Fills `object` (made by schema.make()) from a body: statements in order, required fields, then the checks.
// A missing required item or a failed check is reported with an invalid range: the caller wraps it with the block's.
// False when anything was reported.
bool decode_body(const ast::Body& body, const SourcePtr& source, const Scope& scope, const Schema& schema,
                 void* object, Diagnostics& diagnostics);

// Custom components and free-form blocks: every attribute into a map; nested blocks are errors.
bool decode_map(const ast::Body& body, const SourcePtr& source, const Scope& scope,
                std::map<std::string, Value>& out, Diagnostics& diagnostics);

// Static checks of `validate` (language.md 10.5, formatting.md 6): all violations, no evaluation. Labels are not looked at.
void check_body(const ast::Body& body, const SourcePtr& source, ast::Span block_span, const Schema& schema,
                Diagnostics& diagnostics);

// Every identifier chain of a body (language.md 8), in source order.
struct Traversal {
  std::vector<std::string> names;
  std::vector<ast::Span> spans;  // one per name
};
void collect_traversals(const ast::Body& body, std::vector<Traversal>& out);
void collect_traversals(const ast::Expr& expr, std::vector<Traversal>& out);

// Standard library: names, deprecated aliases (name -> replacement), experimental functions.
const Value* stdlib_find(std::string_view name);        // top-level: "sys", "string", "concat" ...
std::string stdlib_replacement(std::string_view name);  // "sys.env" of "env"; "": it is not deprecated
// "array.group_by" etc: the stability level a function needs; nullopt when generally available.
std::optional<Stability> stdlib_stability(std::string_view dotted_name);
// What string.format("%v", value) prints; a failure when that is too long.
std::expected<std::string, DecodeError> stdlib_printed(const Value& value);

}  // namespace invar::syntax
