// Reader: the values of one JSON text (RFC 8259), pulled one after another; nothing is kept but the way to where it stands.
//
//   while (in.next_member(name)) { if (name == "items") items(in); else if (name == "kind") in.read(kind); }
//
// Shape:   enter() an object or array, then next_member()/next_element() until false, each followed by reading the value or not:
//          one that was not read is skipped, checked all the same.
// Errors:  the first one stays: from then on every call answers false and kind() is kNothing. Words are those that users of Go's
//          encoding/json know: `unexpected end of JSON input`, `invalid character ']' looking for beginning of value`.
// Limits:  linear in the text; values inside one another up to Rules::max_depth.
// Threads: one owner.  Lifetime: the text outlives the reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace invar::json {

struct Rules {
  std::size_t max_depth = 1000;
  // Invalid UTF-8 and lone surrogates are errors, as protobuf wants it; otherwise they become U+FFFD.
  bool strict_text = false;
};

enum class Kind : std::uint8_t { kNothing, kObject, kArray, kString, kNumber, kBool, kNull };
std::string_view to_string(Kind kind);

struct Place {
  std::size_t line = 1, column = 1;  // in code points
};

class Reader {
 public:
  explicit Reader(std::string_view text, Rules rules = {}) : text_(text), rules_(rules) {}

  Kind kind();                          // of the value that comes next, by its first character
  bool enter(Kind wanted);              // kObject or kArray
  bool next_member(std::string& name);  // false: the object is left, or an error
  bool next_element();                  // false: the array is left, or an error

  // Of a value of another kind they make an error.
  bool read(std::string& out);
  bool read(bool& out);
  bool read_number(std::string_view& written);
  bool read_null();

  bool skip();
  bool end();  // nothing but white space is left

  // Where the value that comes next begins; behind next_member(), name_offset() is where its name does.
  std::size_t offset();
  [[nodiscard]] std::size_t name_offset() const { return name_at_; }
  [[nodiscard]] Place place(std::size_t offset) const;

  bool fail(std::string why) {
    return fail_at(at_, std::move(why));
  }  // an error that the caller finds: false
  bool fail_at(std::size_t offset, std::string why);
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t error_offset() const { return at_; }
  [[nodiscard]] Error error() const { return {ErrorCode::kInvalidArgument, why_}; }

 private:
  struct Level {
    bool object;
    bool begun = false;  // behind its first member or element
  };

  bool invalid(std::string_view where);
  bool invalid_inside(std::string_view where);
  bool expect(Kind wanted);
  bool next(char close, std::string_view where);
  bool value_is_read();
  void skip_space();
  [[nodiscard]] bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  [[nodiscard]] bool at_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  bool word(std::string_view word);
  bool digits(std::string_view where);
  bool number();
  bool string(std::string& out);
  bool escape(std::string& out);
  bool unicode_escape(std::size_t escape_at, std::string& out);
  bool hex4(char32_t& out);

  const std::string_view text_;
  const Rules rules_;
  std::size_t at_ = 0;
  std::size_t name_at_ = 0;
  std::vector<Level> levels_;
  bool value_due_ = true;  // a value comes next
  bool failed_ = false;
  std::string why_;
};

}  // namespace invar::json
