#include "json/reader.h"

#include <algorithm>

#include "base/strings.h"

namespace invar::json {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kNothing:
      return "nothing";
    case Kind::kObject:
      return "object";
    case Kind::kArray:
      return "array";
    case Kind::kString:
      return "string";
    case Kind::kNumber:
      return "number";
    case Kind::kBool:
      return "bool";
    case Kind::kNull:
      return "null";
  }
  return "";
}

bool Reader::fail_at(std::size_t offset, std::string why) {
  if (failed_) return false;
  failed_ = true;
  at_ = offset;
  why_ = std::move(why);
  return false;
}

// The character at the cursor does not belong there; at the end of the text that is the plain error of a cut text.
bool Reader::invalid(std::string_view where) {
  if (at_ >= text_.size()) return fail("unexpected end of JSON input");
  std::string shown;
  if (text_[at_] == '\'') {
    shown = R"('\'')";
  } else if (text_[at_] == '"') {
    shown = R"('"')";
  } else {
    // Single bytes are shown as code points, so that of a malformed text no bytes get out.
    std::string rune;
    append_rune(rune, static_cast<unsigned char>(text_[at_]));
    const std::string quoted = quote(rune);
    shown = "'" + quoted.substr(1, quoted.size() - 2) + "'";
  }
  return fail("invalid character " + shown + " " + std::string(where));
}

// The same inside a word, a number or an escape, where the end of the text counts as a blank.
bool Reader::invalid_inside(std::string_view where) {
  if (at_ < text_.size()) return invalid(where);
  return fail("invalid character ' ' " + std::string(where));
}

void Reader::skip_space() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
}

Place Reader::place(std::size_t offset) const {
  const std::string_view before = text_.substr(0, offset);
  Place place;
  place.line += static_cast<std::size_t>(std::ranges::count(before, '\n'));
  std::string_view rest = before.substr(before.rfind('\n') + 1);
  for (; !rest.empty(); ++place.column)
    rest.remove_prefix(static_cast<std::size_t>(decode_rune(rest).length));
  return place;
}

std::size_t Reader::offset() {
  if (!failed_) skip_space();
  return at_;
}

Kind Reader::kind() {
  if (failed_ || !value_due_) return Kind::kNothing;
  skip_space();
  if (at_ >= text_.size()) return Kind::kNothing;
  switch (text_[at_]) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    default:
      return text_[at_] == '-' || at_digit() ? Kind::kNumber : Kind::kNothing;
  }
}

bool Reader::expect(Kind wanted) {
  if (levels_.size() > rules_.max_depth) return fail("exceeded max depth");
  const Kind found = kind();
  if (found == wanted) return true;
  if (found == Kind::kNothing) return invalid("looking for beginning of value");
  return fail(std::string(to_string(wanted)) + " expected, not " + std::string(to_string(found)));
}

bool Reader::value_is_read() {
  value_due_ = false;
  return true;
}

bool Reader::enter(Kind wanted) {
  if (!expect(wanted)) return false;
  ++at_;
  levels_.push_back({wanted == Kind::kObject});
  return value_is_read();
}

// Goes behind the comma in front of what comes next, or out of the innermost object or array.
bool Reader::next(char close, std::string_view where) {
  if (value_due_ && !skip()) return false;
  if (failed_) return false;
  Level& level = levels_.back();
  skip_space();
  if (level.begun ? at(',') : !at(close)) {
    if (level.begun) ++at_;
    level.begun = true;
    skip_space();
    return true;
  }
  if (!at(close)) return invalid(where);
  ++at_;
  levels_.pop_back();
  return false;
}

bool Reader::next_member(std::string& name) {
  if (!next('}', "after object key:value pair")) return false;
  if (!at('"')) return invalid("looking for beginning of object key string");
  name_at_ = at_;
  name.clear();
  if (!string(name)) return false;
  skip_space();
  if (!at(':')) return invalid("after object key");
  ++at_;
  return value_due_ = true;
}

bool Reader::next_element() {
  if (!next(']', "after array element")) return false;
  return value_due_ = true;
}

bool Reader::read(std::string& out) {
  out.clear();
  return expect(Kind::kString) && string(out) && value_is_read();
}

bool Reader::read(bool& out) {
  if (!expect(Kind::kBool)) return false;
  out = text_[at_] == 't';
  return word(out ? "true" : "false") && value_is_read();
}

bool Reader::read_null() {
  return expect(Kind::kNull) && word("null") && value_is_read();
}

bool Reader::read_number(std::string_view& written) {
  if (!expect(Kind::kNumber)) return false;
  const std::size_t start = at_;
  if (!number()) return false;
  written = text_.substr(start, at_ - start);
  return value_is_read();
}

bool Reader::skip() {
  const std::size_t outside = levels_.size();
  std::string text;
  std::string_view written;
  bool flag = false;
  do {
    if (value_due_) {
      switch (kind()) {
        case Kind::kObject:
        case Kind::kArray:
          enter(kind());
          break;
        case Kind::kString:
          read(text);
          break;
        case Kind::kNumber:
          read_number(written);
          break;
        case Kind::kBool:
          read(flag);
          break;
        default:
          read_null();  // finds what is wrong, too
      }
    } else if (levels_.back().object) {
      next_member(text);
    } else {
      next_element();
    }
  } while (!failed_ && (value_due_ || levels_.size() > outside));
  return !failed_;
}

bool Reader::end() {
  if (failed_) return false;
  skip_space();
  return at_ == text_.size() || invalid("after top-level value");
}

bool Reader::word(std::string_view word) {
  for (const char c : word) {
    if (!at(c)) return invalid_inside("in literal " + std::string(word) + " (expecting '" + c + "')");
    ++at_;
  }
  return true;
}

bool Reader::digits(std::string_view where) {
  if (!at_digit()) return invalid_inside(where);
  while (at_digit()) ++at_;
  return true;
}

bool Reader::number() {
  if (at('-')) ++at_;
  if (at('0')) {
    ++at_;
  } else if (!digits("in numeric literal")) {
    return false;
  }
  if (at('.')) {
    ++at_;
    if (!digits("after decimal point in numeric literal")) return false;
  }
  if (at('e') || at('E')) {
    ++at_;
    if (at('+') || at('-')) ++at_;
    return digits("in exponent of numeric literal");
  }
  return true;
}

// The string that begins here, behind what `out` holds.
bool Reader::string(std::string& out) {
  const std::size_t began = at_++;
  for (;;) {
    std::size_t end = at_;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\\' &&
           static_cast<unsigned char>(text_[end]) - 0x20u < 0x60u)
      ++end;
    out.append(text_, at_, end - at_);
    at_ = end;
    if (at_ >= text_.size()) return invalid("");
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"') {
      ++at_;
      return true;
    }
    if (c < 0x20) return invalid("in string literal");
    if (c == '\\') {
      if (!escape(out)) return false;
      continue;
    }
    const Rune rune = decode_rune(text_.substr(at_));
    if (rules_.strict_text && rune.value == 0xFFFD && rune.length == 1)
      return fail_at(began, "invalid UTF-8 in string");
    append_rune(out, rune.value);
    at_ += static_cast<std::size_t>(rune.length);
  }
}

bool Reader::escape(std::string& out) {
  const std::size_t escape_at = at_++;
  static constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  if (at_ >= text_.size()) return invalid_inside("in string escape code");
  if (const auto known = kEscapes.find(text_[at_]); known != std::string_view::npos) {
    out += kMeanings[known];
    ++at_;
    return true;
  }
  if (text_[at_] != 'u') return invalid("in string escape code");
  ++at_;
  return unicode_escape(escape_at, out);
}

bool Reader::unicode_escape(std::size_t escape_at, std::string& out) {
  char32_t rune = 0;
  if (!hex4(rune)) return false;
  if (rune >= 0xD800 && rune < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
    const std::size_t second = at_;
    at_ += 2;
    char32_t low = 0;
    if (!hex4(low)) return false;
    if (low >= 0xDC00 && low < 0xE000) {
      rune = 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
    } else {
      at_ = second;
    }
  }
  if (rune >= 0xD800 && rune < 0xE000) {
    if (rules_.strict_text)
      return fail_at(escape_at, "invalid escape code " + quote(text_.substr(escape_at, 6)) + " in string");
    rune = 0xFFFD;
  }
  append_rune(out, rune);
  return true;
}

bool Reader::hex4(char32_t& out) {
  out = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = at_ < text_.size() ? text_[at_] : ' ';
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return invalid_inside("in \\u hexadecimal character escape");
    out = out * 16 + static_cast<char32_t>(digit);
  }
  return true;
}

}  // namespace invar::json
