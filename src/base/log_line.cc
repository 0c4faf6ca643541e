#include "base/log_line.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json_string.h"
#include "base/strings.h"
#include "base/unicode.h"

namespace invar::log {
namespace {

std::string double_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// A key must not break the line into other pairs.
std::string clean_key(std::string_view key) {
  std::string out(trim_space(key));
  for (char& c : out) {
    if (c == ' ' || c == '=' || c == '"' || (c >= '\t' && c <= '\r')) c = '_';
  }
  return out;
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte < 0x80) {
      if (byte <= ' ' || byte == '"' || byte == '=' || byte == 0x7f) return true;
      text.remove_prefix(1);
      continue;
    }
    const Rune rune = decode_rune(text);
    if (rune.length == 1 || !is_printable(rune.value)) return true;
    text.remove_prefix(static_cast<std::size_t>(rune.length));
  }
  return false;
}

void append_text(std::string& out, std::string_view text) {
  if (needs_quotes(text)) {
    out.append(quote(text));
  } else {
    out.append(text);
  }
}

void append_pair(std::string& out, const Field& field) {
  out.push_back(' ');
  append_text(out, clean_key(field.key));
  out.push_back('=');
  struct Visitor {
    std::string& out;
    void operator()(const std::string& text) const { append_text(out, text); }
    void operator()(bool value) const { out.append(value ? "true" : "false"); }
    void operator()(double value) const { out.append(double_text(value)); }
    void operator()(Duration value) const { out.append(format_duration(value)); }
    void operator()(std::int64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
    void operator()(std::uint64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  };
  std::visit(Visitor{out}, field.value);
}

// For terminals, too: a field is what somebody else may have written.
void append_json(std::string& out, std::string_view text) {
  append_json_string(out, text, JsonEscapes::kTerminal);
}

void append_json_field(std::string& out, const Field& field) {
  out.push_back(',');
  append_json(out, clean_key(field.key));
  out.push_back(':');
  struct Visitor {
    std::string& out;
    void operator()(const std::string& text) const { append_json(out, text); }
    void operator()(bool value) const { out.append(value ? "true" : "false"); }
    void operator()(double value) const {
      if (std::isfinite(value)) {
        out.append(double_text(value));
      } else {
        append_json(out, double_text(value));
      }
    }
    void operator()(Duration value) const { fmt::format_to(std::back_inserter(out), "{}", value.count()); }
    void operator()(std::int64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
    void operator()(std::uint64_t value) const { fmt::format_to(std::back_inserter(out), "{}", value); }
  };
  std::visit(Visitor{out}, field.value);
}

}  // namespace

std::string format_record(Format format, const Record& record) {
  std::string out;
  out.reserve(192);
  const std::string ts = format_rfc3339(record.time_unix_ns);
  switch (format) {
    case Format::kLogfmt:
      out.append("ts=").append(ts).append(" level=").append(to_string(record.level));
      if (!record.message.empty()) {
        out.append(" msg=");
        append_text(out, record.message);
      }
      for (const Field& field : record.bound) append_pair(out, field);
      for (const Field& field : record.fields) append_pair(out, field);
      break;
    case Format::kJson:
      out.append("{\"ts\":\"")
          .append(ts)
          .append("\",\"level\":\"")
          .append(to_string(record.level))
          .append("\"");
      if (!record.message.empty()) {
        out.append(",\"msg\":");
        append_json(out, record.message);
      }
      for (const Field& field : record.bound) append_json_field(out, field);
      for (const Field& field : record.fields) append_json_field(out, field);
      out.push_back('}');
      break;
  }
  out.push_back('\n');
  return out;
}

}  // namespace invar::log
