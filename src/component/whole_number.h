// WholeNumberCodec: an attribute that counts something. A negative or broken number is a mistake of the writer; it is not wrapped
// or cut into another one, which is what Codec<std::uint64_t> does as the language has it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "syntax/decode.h"

namespace invar::component {

struct WholeNumberCodec : syntax::Codec<std::uint64_t> {
  static syntax::StaticType static_type();
  static std::expected<std::uint64_t, syntax::DecodeError> decode(const syntax::Value& v);
};

}  // namespace invar::component
