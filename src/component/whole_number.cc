#include "component/whole_number.h"

namespace invar::component {

using syntax::Codec;
using syntax::DecodeError;
using syntax::StaticType;
using syntax::Value;

StaticType WholeNumberCodec::static_type() {
  return {StaticType::Kind::kNumber, nullptr, [](const Value& v) -> std::optional<DecodeError> {
            auto decoded = decode(v);
            if (decoded) return std::nullopt;
            return std::move(decoded).error();
          }};
}

std::expected<std::uint64_t, DecodeError> WholeNumberCodec::decode(const Value& v) {
  const auto exact = syntax::decode_double(v);
  if (exact &&
      (*exact < 0 || (*exact < 9e15 && *exact != static_cast<double>(static_cast<std::uint64_t>(*exact)))))
    return std::unexpected(syntax::decode_failure("must be a whole number that is not negative"));
  return Codec<std::uint64_t>::decode(v);
}

}  // namespace invar::component
