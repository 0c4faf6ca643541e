#include "json/writer.h"

#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace invar::json {

std::string number(double value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  const double magnitude = std::fabs(value);
  if (magnitude >= 1e-6 && magnitude < 1e21) return format_double(value);
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  // "1e-07" -> "1e-7": a single leading zero of the exponent goes.
  if (const auto e = text.find("e-0"); e != std::string::npos) text.erase(e + 2, 1);
  return text;
}

Writer& Writer::open(char bracket) {
  comma();
  out_ += bracket;
  comma_due_ = false;
  return *this;
}

Writer& Writer::close(char bracket) {
  out_ += bracket;
  comma_due_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  comma();
  append_json_string(out_, name, escapes_);
  out_ += ':';
  comma_due_ = false;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  comma();
  append_json_string(out_, text, escapes_);
  comma_due_ = true;
  return *this;
}

Writer& Writer::value(double value) {
  return raw(json::number(value));
}

Writer& Writer::new_line() {
  comma();
  out_ += '\n';
  comma_due_ = false;
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  comma();
  out_ += json;
  comma_due_ = true;
  return *this;
}

}  // namespace invar::json
