#include "syntax/scanner.h"

#include <gtest/gtest.h>

#include <string>

#include "syntax/diagnostics.h"
#include "syntax/limits.h"

namespace invar::syntax {
namespace {

struct Scanned {
  std::string tokens;  // names, values in parentheses, separated by spaces
  std::string errors;  // offset: message
};

Scanned scan(const std::string& text) {
  Scanned out;
  Scanner scanner(text, [&](std::uint32_t offset, std::string message) {
    out.errors += std::to_string(offset) + ": " + message + "\n";
  });
  for (Scanner::Lexeme l = scanner.next(); l.token != Token::kEof; l = scanner.next()) {
    if (!out.tokens.empty()) out.tokens += ' ';
    out.tokens += token_name(l.token);
    const bool fixed = l.token >= Token::kOr || l.token == Token::kTerminator;
    if (!fixed) out.tokens += "(" + text.substr(l.begin, l.end - l.begin) + ")";
  }
  return out;
}

TEST(Scanner, TokenClasses) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"abc _x9 \xE5\x90\x8D\xD9\xA3", "IDENT(abc) IDENT(_x9) IDENT(\xE5\x90\x8D\xD9\xA3) TERMINATOR"},
      {"true false null True", "BOOL(true) BOOL(false) NULL(null) IDENT(True) TERMINATOR"},
      {"0 010 123", "NUMBER(0) NUMBER(010) NUMBER(123) TERMINATOR"},
      {"1. .5 1.5 1e3 1E+3 1.e-5 .5e1",
       "FLOAT(1.) FLOAT(.5) FLOAT(1.5) FLOAT(1e3) FLOAT(1E+3) FLOAT(1.e-5) FLOAT(.5e1) TERMINATOR"},
      {"0x10", "NUMBER(0) IDENT(x10) TERMINATOR"},
      {"-5", "- NUMBER(5) TERMINATOR"},
      {"a.b", "IDENT(a) . IDENT(b) TERMINATOR"},
      {R"("a\"b")", R"(STRING("a\"b") TERMINATOR)"},
      {"`a\\\n\"`", "STRING(`a\\\n\"`) TERMINATOR"},
      {"|| && ! == != < <= > >= + - * / % ^ =", "|| && ! == != < <= > >= + - * / % ^ ="},
      {"{[(,.)]}", "{ [ ( , . ) ] } TERMINATOR"},
      {"\xEF\xBB\xBF"
       "a",
       "IDENT(a) TERMINATOR"},
  };
  for (const auto& [text, tokens] : rows) {
    EXPECT_EQ(scan(text).tokens, tokens) << text;
    EXPECT_EQ(scan(text).errors, "") << text;
  }
}

TEST(Scanner, TerminatorsStandAtTheLineEndAfterWhatMayEndAStatement) {
  const std::pair<const char*, const char*> rows[] = {
      {"a\n\n\nb", "IDENT(a) TERMINATOR IDENT(b) TERMINATOR"},
      {"{\na", "{ IDENT(a) TERMINATOR"},
      {"a =\n1 +\n2", "IDENT(a) = NUMBER(1) + NUMBER(2) TERMINATOR"},
      {")\n]\n}\n\"s\"\n1.\nnull",
       ") TERMINATOR ] TERMINATOR } TERMINATOR STRING(\"s\") TERMINATOR FLOAT(1.) TERMINATOR NULL(null) "
       "TERMINATOR"},
      {"a // c\nb", "IDENT(a) TERMINATOR COMMENT(// c) IDENT(b) TERMINATOR"},
      {"a /* c */ b", "IDENT(a) COMMENT(/* c */) IDENT(b) TERMINATOR"},
      {"a /* c */\nb", "IDENT(a) TERMINATOR COMMENT(/* c */) IDENT(b) TERMINATOR"},
      {"a /* c\n*/ b", "IDENT(a) TERMINATOR COMMENT(/* c\n*/) IDENT(b) TERMINATOR"},
      {"a /* c */ /* d */ // e", "IDENT(a) TERMINATOR COMMENT(/* c */) COMMENT(/* d */) COMMENT(// e)"},
      {"a \r\nb", "IDENT(a) TERMINATOR IDENT(b) TERMINATOR"},
  };
  for (const auto& [text, tokens] : rows) EXPECT_EQ(scan(text).tokens, tokens) << text;
}

TEST(Scanner, Errors) {
  using namespace std::string_literals;
  const std::pair<std::string, const char*> rows[] = {
      {"#", "0: illegal character U+0023 '#': comments begin with //\n"},
      {"\xC2\xA0", "0: illegal character U+00A0: a blank that is none; write a space\n"},
      {"$", "0: illegal character U+0024 '$': a variable of the environment is sys.env(\"NAME\")\n"},
      {"\xE2\x82\xAC", "0: illegal character U+20AC '\xE2\x82\xAC'\n"},
      {"'a b'", "0: illegal single-quoted string; use double quotes\n"},
      {"a | b", "3: missing second | in ||\n"},
      {"a & b", "3: missing second & in &&\n"},
      {"1e", "0: exponent has no digits\n"},
      {"1e+", "0: exponent has no digits\n"},
      {"/* a", "0: block comment not terminated\n"},
      {"\"a", "0: string literal not terminated\n"},
      {"\"a\n\"", "0: string literal not terminated\n3: string literal not terminated\n"},
      {"`a\n", "0: string literal not terminated\n"},
      {R"("\q")", "2: unknown escape sequence\n"},
      {R"("\'")", "2: unknown escape sequence\n"},
      {R"("\x4")", "2: illegal character U+0022 '\"' in escape sequence\n"},
      {R"("\08 ")", "2: illegal character U+0038 '8' in escape sequence\n"},
      {R"("\400")", "2: escape sequence is invalid Unicode code point\n"},
      {R"("\ud800")", "2: escape sequence is invalid Unicode code point\n"},
      {R"("\U00110000")", "2: escape sequence is invalid Unicode code point\n"},
      {R"("\u12)", "2: escape sequence not terminated\n0: string literal not terminated\n"},
      {"\"a\tb\x01\"", ""},
      {"a\0"s, "1: illegal character NUL\n1: illegal character U+0000\n"},
      {"\"\0\""s, "1: illegal character NUL\n"},
      {"// \0"s, "3: illegal character NUL\n"},
      {"\"\xFF\"", "1: illegal UTF-8 encoding\n"},
      {"/* \xC3 */", "3: illegal UTF-8 encoding\n"},
      {"a = \xEF\xBB\xBF 1", "4: illegal byte order mark\n"},
      {"\"\xEF\xBB\xBF\"", "1: illegal byte order mark\n"},
  };
  for (const auto& [text, errors] : rows) EXPECT_EQ(scan(text).errors, errors) << text;
}

TEST(Scanner, LongRowsOfCommentsAreReadOnce) {
  std::string text = "a ";
  for (int i = 0; i < 200'000; ++i) text += "/**/";
  text += "b";
  Scanner scanner(text, [](std::uint32_t, std::string message) { FAIL() << message; });
  int comments = 0;
  for (auto l = scanner.next(); l.token != Token::kEof; l = scanner.next()) {
    if (l.token == Token::kComment) ++comments;
  }
  EXPECT_EQ(comments, 200'000);
}

}  // namespace
}  // namespace invar::syntax
