// How the parts of the standard library describe their functions; not for other folders.
#pragma once

#include <array>
#include <expected>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "syntax/decode.h"
#include "syntax/function.h"
#include "syntax/operators.h"
#include "syntax/value.h"

namespace invar::syntax {

// A function's own failure is the text that follows the callee's expression.
using Outcome = std::expected<Value, std::string>;
using NamedValues = std::vector<std::pair<std::string, Value>>;

// What a list made by a function may hold at most.
inline constexpr std::size_t kMaxElements = std::size_t{1} << 20;

inline std::unexpected<FunctionError> callee_failure(std::string message) {
  return std::unexpected(FunctionError{std::nullopt, decode_failure(std::move(message))});
}
inline std::unexpected<FunctionError> argument_failure(std::size_t index, DecodeError error) {
  return std::unexpected(FunctionError{index, std::move(error)});
}
inline Outcome text_outcome(std::string text) {
  if (text.size() > kMaxTextBytes) return std::unexpected("the result is too long");
  return Value(std::move(text));
}

inline Value function_value(FunctionData data) {
  return Value(std::shared_ptr<const FunctionData>(std::make_shared<const FunctionData>(std::move(data))));
}

// A function of a fixed number of typed parameters; its arguments are decoded by their codecs, left to right.
template <class... Parameters>
Value typed_function(Outcome (*body)(Parameters...)) {
  FunctionData data;
  data.min_arguments = sizeof...(Parameters);
  data.call = [body](FunctionData::Arguments arguments) -> std::expected<Value, FunctionError> {
    std::tuple<std::decay_t<Parameters>...> decoded;
    std::expected<Value, FunctionError> result;
    const auto decode_one = [&]<std::size_t I>() {
      using T = std::tuple_element_t<I, decltype(decoded)>;
      auto argument = Codec<T>::decode(arguments[I]);
      if (argument) {
        std::get<I>(decoded) = std::move(*argument);
        return true;
      }
      result = argument_failure(I, std::move(argument).error());
      return false;
    };
    const bool ok = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (decode_one.template operator()<I>() && ...);
    }(std::index_sequence_for<Parameters...>{});
    if (!ok) return result;
    auto outcome = std::apply([&](auto&... values) { return body(std::move(values)...); }, decoded);
    if (!outcome) return callee_failure(std::move(outcome).error());
    return std::move(*outcome);
  };
  return function_value(std::move(data));
}

// A function that looks at its raw arguments.
inline Value raw_function(std::size_t min_arguments, bool variadic,
                          std::expected<Value, FunctionError> (*body)(FunctionData::Arguments)) {
  FunctionData data;
  data.min_arguments = min_arguments;
  data.variadic = variadic;
  data.call = body;
  return function_value(std::move(data));
}

NamedValues array_functions();
NamedValues encoding_functions();
NamedValues string_functions();
NamedValues file_functions();
Value json_path_function();

// string.format: Go's fmt. Never fails but for a result that is too long.
Outcome format_text(std::string_view format, FunctionData::Arguments arguments);

// encoding.from_yaml.
Outcome parse_yaml(const std::string& text);

}  // namespace invar::syntax
