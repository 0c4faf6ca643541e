// The `logging` block: level and format of Invar's own log. Spec: runtime.md 12.1.
// `write_to` exists for files written for other collectors and takes nothing but an empty list.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "runtime/controller.h"
#include "syntax/schema.h"

namespace invar::runtime {

// Text-encoded; the empty text and null are the default.
struct LogLevel {
  log::Level value = log::Level::kInfo;
  bool operator==(const LogLevel&) const = default;
};
struct LogFormat {
  log::Format value = log::Format::kLogfmt;
  bool operator==(const LogFormat&) const = default;
};
struct LogDestination {  // "stderr" is the only one
  bool operator==(const LogDestination&) const = default;
};
// A list of receivers of signals that Invar has no components for: empty.
struct NoReceivers {
  bool operator==(const NoReceivers&) const = default;
};

struct LoggingArguments {
  LogLevel level;
  LogFormat format;
  LogDestination destination;
  NoReceivers write_to;
  bool operator==(const LoggingArguments&) const = default;
};
const syntax::Schema& logging_schema();

// The block as the application hands it to the controller: its arguments configure `sink`.
ConfigBlock logging_block(std::shared_ptr<log::Sink> sink);

}  // namespace invar::runtime

namespace invar::syntax {
template <>
struct Codec<runtime::NoReceivers> {
  static std::string type_text() { return "list(receiver)"; }
  static StaticType static_type() { return {StaticType::Kind::kUnchecked, nullptr, {}}; }
  static std::expected<runtime::NoReceivers, DecodeError> decode(const Value& v);
  static Value encode(const runtime::NoReceivers&) { return Value(ArrayData{}); }
};
}  // namespace invar::syntax
