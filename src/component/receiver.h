// The exported `receiver` of pyroscope.* components as a language value: capsule("pyroscope.Appendable").
// Decoding null gives an empty pointer; scrape skips those.
#pragma once

#include "pipeline/profile.h"
#include "syntax/decode.h"
#include "syntax/schema.h"

namespace invar::syntax {
template <>
struct Codec<pipeline::ReceiverPtr> {
  static std::string type_text() { return "ProfilesReceiver"; }
  static StaticType static_type();
  static std::expected<pipeline::ReceiverPtr, DecodeError> decode(const Value& v);
  static Value encode(const pipeline::ReceiverPtr& v);
};
}  // namespace invar::syntax

namespace invar::component {

// What every component that takes profiles exports.
struct ReceiverExports {
  pipeline::ReceiverPtr receiver;
  bool operator==(const ReceiverExports&) const = default;
};
const syntax::Schema& receiver_exports_schema();

}  // namespace invar::component
