// Bounds that keep hostile configuration from costing unbounded time or memory.
#pragma once

#include <cstddef>

namespace invar::syntax {

inline constexpr std::size_t kMaxSourceBytes = std::size_t{64} << 20;
// After this many diagnostics of one source, parsing stops.
inline constexpr std::size_t kMaxParseErrors = 1000;
// Statements, fields, expressions and comments of one source: a tree takes far more memory than its text.
inline constexpr std::size_t kMaxNodes = 4'000'000;
// Levels of an expression tree, left-leaning chains (`a + b + c`, `f()()()`) included: what recursive walks must bear.
inline constexpr int kMaxExprHeight = 2000;

// Printed diagnostics: longer lines are cut, longer excerpts lose their middle, and once the text as a whole has grown
// past the last bound only headers follow.
inline constexpr std::size_t kMaxExcerptLineBytes = 4096;
inline constexpr std::size_t kMaxExcerptLines = 1000;
inline constexpr std::size_t kMaxRenderedBytes = std::size_t{4} << 20;

}  // namespace invar::syntax
