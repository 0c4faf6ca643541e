#include "syntax/scanner.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/strings.h"
#include "base/unicode.h"
#include "syntax/identifier_chars.h"

namespace invar::syntax {
namespace {

constexpr char32_t kByteOrderMark = 0xFEFF;

bool is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}
bool is_blank(unsigned char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
bool needs_check(unsigned char c) {
  return c == 0 || c >= 0x80;
}
bool is_name_byte(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

int digit_value(unsigned char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

bool may_end_statement(Token token) {
  switch (token) {
    case Token::kIdent:
    case Token::kNull:
    case Token::kBool:
    case Token::kNumber:
    case Token::kFloat:
    case Token::kString:
    case Token::kRCurly:
    case Token::kRParen:
    case Token::kRBrack:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string describe_rune(char32_t rune) {
  char number[16];
  std::snprintf(number, sizeof number, "U+%04X", static_cast<unsigned>(rune));
  std::string out = number;
  if (is_printable(rune)) {
    out += " '";
    append_rune(out, rune);
    out += '\'';
  }
  return out;
}

Scanner::Scanner(std::string_view text, ErrorSink on_error) : text_(text), on_error_(std::move(on_error)) {
  if (text_.starts_with("\xEF\xBB\xBF")) pos_ = checked_ = 3;
}

// A character is complained about when it is first looked at, that is before the token in front of it is
// handed out.
void Scanner::check(std::size_t offset) {
  if (offset >= text_.size() || offset < checked_ || !needs_check(at(offset))) return;
  const Rune rune = decode_rune(text_.substr(offset));
  checked_ = offset + static_cast<std::size_t>(rune.length);
  if (rune.value == 0) {
    error(offset, "illegal character NUL");
  } else if (rune.value == 0xFFFD && rune.length == 1) {
    error(offset, "illegal UTF-8 encoding");
  } else if (rune.value == kByteOrderMark) {
    error(offset, "illegal byte order mark");
  }
}

void Scanner::step() {
  pos_ += at(pos_) < 0x80 ? 1 : static_cast<std::size_t>(decode_rune(text_.substr(pos_)).length);
  check(pos_);
}

void Scanner::skip_blanks() {
  while (pos_ < text_.size()) {
    if (is_blank(at(pos_)) || (at(pos_) == '\n' && !terminator_)) {
      ++pos_;
    } else if (at(pos_) == '#') {
      skip_foreign_comment();
    } else {
      break;
    }
  }
  check(pos_);
}

// The comment of other languages: one mistake, told once, whatever stands in it.
void Scanner::skip_foreign_comment() {
  if (!std::exchange(saw_foreign_comment_, true))
    error(pos_, "illegal character U+0023 '#': comments begin with //");
  pos_ = std::min(text_.find('\n', pos_), text_.size());
}

Scanner::Lexeme Scanner::next() {
  skip_blanks();
  Lexeme out;
  out.begin = out.end = static_cast<std::uint32_t>(pos_);
  const bool at_end = pos_ >= text_.size();
  const unsigned char c = at(pos_);
  const bool comment = c == '/' && (at(pos_ + 1) == '/' || at(pos_ + 1) == '*');
  if (terminator_ && (at_end || c == '\n' || (comment && comment_ends_line(pos_)))) {
    terminator_ = false;
    out.token = Token::kTerminator;
    if (!at_end && c == '\n') check(++pos_), ++out.end;
    return out;
  }
  if (at_end) return out;

  if (comment) {
    out.token = scan_comment();
  } else if (is_digit(c) || (c == '.' && is_digit(at(pos_ + 1)))) {
    out.token = scan_number();
  } else if (c < 0x80 ? is_name_byte(c) : is_letter(decode_rune(text_.substr(pos_)).value)) {
    out.token = scan_identifier();
  } else if (c == '"') {
    out.token = scan_string();
  } else if (c == '`') {
    out.token = scan_raw_string();
  } else if (c == '\'') {
    out.token = scan_single_quoted();
  } else {
    out.token = scan_operator();
  }
  check(pos_);
  out.end = static_cast<std::uint32_t>(pos_);
  // An illegal character changes nothing; a single-quoted text ends a line as a string would.
  if (out.token != Token::kIllegal) terminator_ = may_end_statement(out.token);
  if (c == '\'') terminator_ = true;
  return out;
}

// Whether nothing but comments stands between `offset` (a comment's start) and the end of its line.
bool Scanner::comment_ends_line(std::size_t offset) {
  if (offset < code_follows_) return false;
  while (at(offset) == '/' && at(offset + 1) == '*') {
    const std::size_t close = text_.find("*/", offset + 2);
    if (close == std::string_view::npos) return true;
    if (text_.substr(offset, close - offset).find('\n') != std::string_view::npos) return true;
    offset = close + 2;
    while (is_blank(at(offset))) ++offset;
    if (offset >= text_.size() || at(offset) == '\n') return true;
  }
  if (at(offset) == '/' && at(offset + 1) == '/') return true;
  code_follows_ = offset;  // a long row of comments is looked through once
  return false;
}

Token Scanner::scan_comment() {
  const std::size_t begin = pos_;
  const bool block = at(pos_ + 1) == '*';
  pos_ += 2;
  check(pos_);
  while (pos_ < text_.size()) {
    const unsigned char c = at(pos_);
    if (needs_check(c)) {
      step();
    } else if (block && c == '*' && at(pos_ + 1) == '/') {
      pos_ += 2;
      return Token::kComment;
    } else if (!block && c == '\n') {
      return Token::kComment;
    } else if (needs_check(at(++pos_))) {
      check(pos_);
    }
  }
  if (block) error(begin, "block comment not terminated");
  return Token::kComment;
}

Token Scanner::scan_identifier() {
  const std::size_t begin = pos_;
  while (pos_ < text_.size()) {
    if (at(pos_) < 0x80) {
      if (!is_name_byte(at(pos_))) break;
      ++pos_;
    } else {
      const Rune rune = decode_rune(text_.substr(pos_));
      if (!is_letter(rune.value) && !is_decimal_digit(rune.value)) break;
      pos_ += static_cast<std::size_t>(rune.length);
    }
  }
  const std::string_view word = text_.substr(begin, pos_ - begin);
  if (word == "true" || word == "false") return Token::kBool;
  return word == "null" ? Token::kNull : Token::kIdent;
}

Token Scanner::scan_number() {
  const std::size_t begin = pos_;
  Token token = Token::kNumber;
  const auto digits = [&] {
    const std::size_t first = pos_;
    while (is_digit(at(pos_))) ++pos_;
    return pos_ > first;
  };
  digits();
  if (at(pos_) == '.') {
    token = Token::kFloat;
    ++pos_;
    digits();
  }
  if (at(pos_) == 'e' || at(pos_) == 'E') {
    token = Token::kFloat;
    ++pos_;
    if (at(pos_) == '+' || at(pos_) == '-') ++pos_;
    if (!digits()) {
      check(pos_);
      error(begin, "exponent has no digits");
    }
  }
  return token;
}

Token Scanner::scan_string() {
  const std::size_t begin = pos_;
  const unsigned char quote = at(pos_);
  ++pos_;
  check(pos_);
  while (pos_ < text_.size() && at(pos_) != '\n') {
    const unsigned char c = at(pos_);
    if (c == quote) {
      ++pos_;
      return Token::kString;
    }
    if (c == '\\') {
      step();
      scan_escape();
    } else {
      step();
    }
  }
  error(begin, "string literal not terminated");
  return Token::kString;
}

// At the character after the backslash. A wrong escape is left where it went wrong, to be read as ordinary
// text.
void Scanner::scan_escape() {
  const std::size_t begin = pos_;
  int digits = 0;
  int base = 16;
  char32_t limit = 0x10FFFF;
  switch (at(pos_)) {
    case 'a':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
    case 'v':
    case '\\':
    case '"':
      step();
      return;
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
      digits = 3;
      base = 8;
      limit = 255;
      break;
    case 'x':
      step();
      digits = 2;
      limit = 255;
      break;
    case 'u':
      step();
      digits = 4;
      break;
    case 'U':
      step();
      digits = 8;
      break;
    default:
      error(begin, pos_ >= text_.size() ? "escape sequence not terminated" : "unknown escape sequence");
      return;
  }
  std::uint64_t value = 0;
  for (; digits > 0; --digits) {
    if (pos_ >= text_.size()) return error(begin, "escape sequence not terminated");
    const int digit = digit_value(at(pos_));
    if (digit >= base) {
      const char32_t rune = decode_rune(text_.substr(pos_)).value;
      return error(begin, "illegal character " + describe_rune(rune) + " in escape sequence");
    }
    value = value * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
    step();
  }
  if (value > limit || (value >= 0xD800 && value < 0xE000)) {
    error(begin, "escape sequence is invalid Unicode code point");
  }
}

Token Scanner::scan_raw_string() {
  const std::size_t begin = pos_;
  ++pos_;
  check(pos_);
  while (pos_ < text_.size()) {
    if (at(pos_) == '`') {
      ++pos_;
      return Token::kString;
    }
    step();
  }
  error(begin, "string literal not terminated");
  return Token::kString;
}

// Read like a string, so that its content does not cause a cascade of errors.
Token Scanner::scan_single_quoted() {
  error(pos_, "illegal single-quoted string; use double quotes");
  scan_string();
  return Token::kIllegal;
}

Token Scanner::scan_operator() {
  const unsigned char c = at(pos_);
  const auto pick = [&](unsigned char second, Token two, Token one) {
    ++pos_;
    if (at(pos_) != second) return one;
    ++pos_;
    return two;
  };
  const auto single = [&](Token token) {
    ++pos_;
    return token;
  };
  switch (c) {
    case '|':
    case '&': {
      ++pos_;
      if (at(pos_) == c) {
        ++pos_;
      } else {
        check(pos_);
        error(pos_, c == '|' ? "missing second | in ||" : "missing second & in &&");
      }
      return c == '|' ? Token::kOr : Token::kAnd;
    }
    case '!':
      return pick('=', Token::kNeq, Token::kNot);
    case '=':
      return pick('=', Token::kEq, Token::kAssign);
    case '<':
      return pick('=', Token::kLte, Token::kLt);
    case '>':
      return pick('=', Token::kGte, Token::kGt);
    case '+':
      return single(Token::kAdd);
    case '-':
      return single(Token::kSub);
    case '*':
      return single(Token::kMul);
    case '/':
      return single(Token::kDiv);
    case '%':
      return single(Token::kMod);
    case '^':
      return single(Token::kPow);
    case '{':
      return single(Token::kLCurly);
    case '}':
      return single(Token::kRCurly);
    case '(':
      return single(Token::kLParen);
    case ')':
      return single(Token::kRParen);
    case '[':
      return single(Token::kLBrack);
    case ']':
      return single(Token::kRBrack);
    case ',':
      return single(Token::kComma);
    case '.':
      return single(Token::kDot);
    default:
      return scan_unknown();
  }
}

namespace {

// What somebody who writes the character is used to, and what it is here; "" for all others.
std::string_view meant_by(char32_t rune) {
  switch (rune) {
    case U':':
      return ": an attribute is written NAME = VALUE";
    case U'$':
      return ": a variable of the environment is sys.env(\"NAME\")";
    case 0x201C:
    case 0x201D:
    case 0x201E:
      return ": a text stands in plain double quotes";
    case 0xA0:
      return ": a blank that is none; write a space";
    default:
      return "";
  }
}

}  // namespace

Token Scanner::scan_unknown() {
  const std::size_t begin = pos_;
  const char32_t rune = decode_rune(text_.substr(pos_)).value;
  step();
  if (rune != kByteOrderMark) error(begin, "illegal character " + describe_rune(rune).append(meant_by(rune)));
  return Token::kIllegal;
}

}  // namespace invar::syntax
