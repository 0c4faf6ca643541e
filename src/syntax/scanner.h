// Scanner: source bytes -> tokens, comments included and terminators inserted (language.md 2).
// Offsets are bytes; a token spans [begin, end). Errors go to the sink with their place; scanning always goes
// on. Lifetime: `text` outlives the scanner. Linear time, no allocation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "syntax/token.h"

namespace invar::syntax {

class Scanner {
 public:
  using ErrorSink = std::function<void(std::uint32_t offset, std::string message)>;

  struct Lexeme {
    Token token = Token::kEof;
    std::uint32_t begin = 0, end = 0;
  };

  // `text` is at most kMaxSourceBytes long.
  Scanner(std::string_view text, ErrorSink on_error);

  Lexeme next();  // kEof for ever at the end

 private:
  [[nodiscard]] unsigned char at(std::size_t i) const {
    return i < text_.size() ? static_cast<unsigned char>(text_[i]) : 0;
  }
  void error(std::size_t offset, std::string message) {
    on_error_(static_cast<std::uint32_t>(offset), std::move(message));
  }

  void check(std::size_t offset);
  void step();
  void skip_blanks();
  void skip_foreign_comment();
  [[nodiscard]] bool comment_ends_line(std::size_t offset);

  Token scan_identifier();
  Token scan_number();
  Token scan_comment();
  Token scan_string();
  Token scan_raw_string();
  Token scan_single_quoted();
  Token scan_operator();
  void scan_escape();
  Token scan_unknown();

  std::string_view text_;
  ErrorSink on_error_;
  std::size_t pos_ = 0;
  // Bytes before this offset have been looked at for NUL, malformed UTF-8 and stray marks.
  std::size_t checked_ = 0;
  std::size_t code_follows_ = 0;  // comments before this offset have code behind them on their line
  bool saw_foreign_comment_ = false;
  bool terminator_ = false;  // the last token may end a statement
};

// Message form of a code point: "U+0023 '#'", "U+00A0".
std::string describe_rune(char32_t rune);

}  // namespace invar::syntax
