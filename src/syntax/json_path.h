// JSONPath for the function json_path: language.md 9.5. Parsed once, then applied to one document.
// Dialect: wildcards and descents visit objects by key, descendants before their ancestors; filters keep what
// is true, or what exists when the filter is a bare path; a comparison with nothing is false, but for !=.
// Bounds: nesting of the path, and steps taken on a document. Errors: `<what> at <column> in <path>`. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "syntax/value.h"

namespace re2 {
class RE2;
}

namespace invar::syntax::json_path {

struct Expression;

struct Child {
  std::string name;
};
struct Element {
  std::int64_t index = 0;  // negative: from the end
};
struct Wildcard {};
struct Descent {};
struct Slice {
  std::optional<std::int64_t> from, to;
  std::int64_t step = 1;
};
struct Union {
  std::vector<std::variant<Child, Element>> choices;
};
struct Filter {
  std::shared_ptr<const Expression> condition;
};
using Fragment = std::variant<Child, Element, Wildcard, Descent, Slice, Union, Filter>;

struct Path {
  bool from_root = true;  // in a filter: `$` or `@`
  std::vector<Fragment> fragments;
};

enum class Operator {
  kOr,
  kAnd,
  kEq,
  kNeq,
  kLt,
  kLte,
  kGt,
  kGte,
  kIn,
  kEmpty,
  kExists,
  kMatch,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kNot
};

struct Expression {
  struct Operation {
    Operator op;
    std::shared_ptr<const Expression> left, right;  // kNot has a right side only
  };
  std::variant<Value, Path, std::shared_ptr<const re2::RE2>, Operation> node;
};

Result<Path> parse_path(std::string_view text);
Result<std::vector<Value>> select(const Path& path, const Value& document);

}  // namespace invar::syntax::json_path
