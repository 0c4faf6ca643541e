// A function of the standard library: what FunctionData holds. Users can call one, never make one.
// Threads: any; functions are stateless.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "syntax/decode.h"
#include "syntax/value.h"

namespace invar::syntax {

// Why a call failed. With `argument` set the caller blames that argument's expression, else the callee.
struct FunctionError {
  std::optional<std::size_t> argument;
  DecodeError error;
};

struct FunctionData {
  using Arguments = std::span<const Value>;
  std::string name;  // dotted, for documentation
  std::size_t min_arguments = 0;
  bool variadic = false;      // more than min_arguments are allowed
  bool checks_count = false;  // the function reports a wrong count itself
  std::function<std::expected<Value, FunctionError>(Arguments)> call;
};

}  // namespace invar::syntax
