#include "syntax/ast.h"

namespace invar::syntax::ast {

std::string Block::full_name() const {
  std::string out;
  for (const std::string& part : name) {
    if (!out.empty()) out += '.';
    out += part;
  }
  return out;
}

std::string Block::id() const {
  std::string out = full_name();
  if (!label.empty()) out += '.' + label;
  return out;
}

Range range_of(const SourcePtr& source, Span span) {
  return {position_at(source, span.begin), position_at(source, span.end)};
}

}  // namespace invar::syntax::ast
