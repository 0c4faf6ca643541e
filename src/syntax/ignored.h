// Ignored: arguments that configurations of others may have and that mean nothing here. Their values are checked for their type and
// forgotten, so they are never shown, and a change of one is none. One member stands for all of a struct:
//
//   struct Http2 { bool enabled = false; syntax::Ignored rest; };
//   .attribute_with<IgnoredAs<Duration>>("ping_timeout", &Http2::rest, "No effect.")
//
// Pure; threads: any.
#pragma once

#include <string>

#include "syntax/decode.h"

namespace invar::syntax {

struct Ignored {
  bool operator==(const Ignored&) const = default;
};

template <class T>
struct IgnoredAs {
  static std::string type_text() { return Codec<T>::type_text(); }
  static StaticType static_type() { return Codec<T>::static_type(); }
  static std::expected<Ignored, DecodeError> decode(const Value& value) {
    auto decoded = Codec<T>::decode(value);
    if (!decoded) return std::unexpected(std::move(decoded).error());
    return Ignored{};
  }
  static Value encode(const Ignored&) { return Value(); }
};

}  // namespace invar::syntax
