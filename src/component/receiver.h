// The exported `receiver` of pyroscope.* components as a language value: capsule("pyroscope.Appendable").
// Decoding null gives an empty pointer; scrape skips those.
#pragma once

#include "pipeline/profile.h"
#include "syntax/decode.h"

namespace invar::syntax {
template <>
struct Codec<pipeline::ReceiverPtr> {
  static std::string type_text() { return "ProfilesReceiver"; }
  static StaticType static_type();
  static std::expected<pipeline::ReceiverPtr, DecodeError> decode(const Value& v);
  static Value encode(const pipeline::ReceiverPtr& v);
};
}  // namespace invar::syntax
