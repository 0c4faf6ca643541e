// The static checks of a body (evaluator.h) for who wants to look at what they read.
// Threads: any. What is seen lives until `see` returns.
#pragma once

#include <functional>

#include "syntax/evaluator.h"

namespace invar::syntax {

// A block whose values are all known and right: the struct that its schema describes, and where it is written.
struct SeenBlock {
  const Schema& schema;
  const void* object;
  const ast::Body& body;
  ast::Span span;
};
using SeeBlock = std::function<void(const SeenBlock&)>;

// Inner blocks are seen before the one around them.
void check_body(const ast::Body& body, const SourcePtr& source, ast::Span block_span, const Schema& schema,
                Diagnostics& diagnostics, const SeeBlock& see);

}  // namespace invar::syntax
