// Writer: one JSON text, appended to a string value by value; commas and escapes are its own business.
//
//   json::Writer(out).begin_object().field("name", name).key("list").begin_array().value(1).value(2).end_array().end_object();
//
// Shape:   no white space. Invalid UTF-8 becomes U+FFFD; numbers that JSON cannot hold become null.
// Threads: one owner.  Lifetime: the string outlives the writer.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "base/json_string.h"

namespace invar::json {

// Shortest digits; an exponent below 1e-6 and from 1e21 on. What JSON cannot hold is null.
std::string number(double value);

class Writer {
 public:
  explicit Writer(std::string& out, JsonEscapes escapes = JsonEscapes::kFewest)
      : out_(out), escapes_(escapes) {}

  Writer& begin_object() { return open('{'); }
  Writer& end_object() { return close('}'); }
  Writer& begin_array() { return open('['); }
  Writer& end_array() { return close(']'); }
  Writer& key(std::string_view name);

  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool flag) { return raw(flag ? "true" : "false"); }
  Writer& value(double number);
  template <std::integral Integer>
  Writer& value(Integer number) {
    char digits[24];
    return raw({digits, std::to_chars(digits, digits + sizeof digits, number).ptr});
  }
  Writer& null() { return raw("null"); }
  Writer& raw(std::string_view json);  // a value that is JSON already
  Writer& new_line();                  // in front of what comes next, for people who page through it

  template <class Value>
  Writer& field(std::string_view name, const Value& of) {
    return key(name).value(of);
  }
  template <class List>
  Writer& list(const List& values) {
    begin_array();
    for (const auto& each : values) value(each);
    return end_array();
  }

 private:
  Writer& open(char bracket);
  Writer& close(char bracket);
  void comma() {
    if (comma_due_) out_ += ',';
  }

  std::string& out_;
  const JsonEscapes escapes_;
  bool comma_due_ = false;  // in front of the next value or key
};

}  // namespace invar::json
