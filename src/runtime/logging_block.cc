#include "runtime/logging_block.h"

#include <fmt/core.h>

#include <array>

#include "base/choice.h"

namespace invar::runtime {
namespace {

Result<LogLevel> parse_level(std::string_view text) {
  if (text.empty()) return LogLevel{};
  for (const log::Level level :
       {log::Level::kDebug, log::Level::kInfo, log::Level::kWarn, log::Level::kError})
    if (text == log::to_string(level)) return LogLevel{level};
  constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};
  return fail(ErrorCode::kInvalidArgument, wrong_choice("unrecognized log level", text, kLevels));
}
std::string print_level(const LogLevel& level) {
  return std::string(log::to_string(level.value));
}

Result<LogFormat> parse_format(std::string_view text) {
  if (text.empty() || text == "logfmt") return LogFormat{};
  if (text == "json") return LogFormat{log::Format::kJson};
  constexpr std::array<std::string_view, 2> kFormats = {"logfmt", "json"};
  return fail(ErrorCode::kInvalidArgument, wrong_choice("unrecognized log format", text, kFormats));
}
std::string print_format(const LogFormat& format) {
  return format.value == log::Format::kJson ? "json" : "logfmt";
}

Result<LogDestination> parse_destination(std::string_view text) {
  if (text.empty() || text == "stderr") return LogDestination{};
  if (text == "windows_event_log")
    return fail(ErrorCode::kUnsupported, "log destination \"windows_event_log\" exists on Windows only");
  constexpr std::array<std::string_view, 1> kDestinations = {"stderr"};
  return fail(ErrorCode::kInvalidArgument, wrong_choice("unrecognized log destination", text, kDestinations));
}
std::string print_destination(const LogDestination&) {
  return "stderr";
}

}  // namespace
}  // namespace invar::runtime

namespace invar::syntax {

template <>
struct Codec<runtime::LogLevel> : TextCodec<runtime::LogLevel, runtime::parse_level, runtime::print_level> {};
template <>
struct Codec<runtime::LogFormat>
    : TextCodec<runtime::LogFormat, runtime::parse_format, runtime::print_format> {};
template <>
struct Codec<runtime::LogDestination>
    : TextCodec<runtime::LogDestination, runtime::parse_destination, runtime::print_destination> {};

std::expected<runtime::NoReceivers, DecodeError> Codec<runtime::NoReceivers>::decode(const Value& v) {
  if (v.is_null()) return runtime::NoReceivers{};
  ArrayData storage;
  const ArrayData* elements = list_elements(v, storage);
  if (elements == nullptr) return std::unexpected(type_mismatch("array", v));
  if (!elements->empty())
    return std::unexpected(decode_failure("must be empty: Invar has no receivers for logs and traces"));
  return runtime::NoReceivers{};
}

}  // namespace invar::syntax

namespace invar::runtime {

const syntax::Schema& logging_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<LoggingArguments>()
          .attribute("level", &LoggingArguments::level,
                     "Lowest level that is written: `error`, `warn`, `info` or `debug`.")
          .default_text("\"info\"")
          .attribute("format", &LoggingArguments::format, "Form of a line: `logfmt` or `json`.")
          .default_text("\"logfmt\"")
          .attribute("destination", &LoggingArguments::destination, "Where lines go: `stderr`.")
          .default_text("\"stderr\"")
          .attribute("write_to", &LoggingArguments::write_to, "Accepted for compatibility; must be empty.")
          .build();
  return schema;
}

ConfigBlock logging_block(std::shared_ptr<log::Sink> sink) {
  return {.name = "logging",
          .schema = &logging_schema(),
          .apply = [sink = std::move(sink)](const syntax::Boxed& boxed) -> Result<> {
            const auto& arguments = boxed.as<LoggingArguments>();
            sink->configure({.level = arguments.level.value, .format = arguments.format.value});
            return {};
          }};
}

}  // namespace invar::runtime
