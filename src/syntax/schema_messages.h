// The messages about a body that does not fit its schema, the same when decoding and when only checking:
// language.md 10.4.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "syntax/ast.h"
#include "syntax/schema.h"

namespace invar::syntax {

// How often each block is written in a body.
class StatementCounts {
 public:
  explicit StatementCounts(const ast::Body& body);
  [[nodiscard]] int blocks(std::string_view name) const;

 private:
  std::map<std::string, int, std::less<>> blocks_;
};

std::string missing_message(const Field& field);
// What a rule over a whole body complains of: the value of the attribute whose name its sentence begins with, where that is written.
const ast::Expr* subject_of(std::string_view message, const ast::Body& body);
std::string unrecognized_message(std::string_view kind, std::string_view name,
                                 const Schema& schema);  // kind: attribute, block
std::string misused_message(const Field& field);
std::string repeated_attribute_message(std::string_view name);
std::string repeated_block_message(std::string_view name);
std::string label_message(const Schema& nested, std::string_view name,
                          std::string_view label);  // "": it is right

}  // namespace invar::syntax
