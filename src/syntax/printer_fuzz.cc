// What print_file promises for every text that parses: the result parses, prints as itself, and has the same tokens (commas
// before a closer and empty labels aside) and the same comments.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "syntax/parser.h"
#include "syntax/printer.h"
#include "syntax/scanner.h"

using namespace invar;
using namespace invar::syntax;

namespace {

std::vector<std::string> tokens_of(const std::string& text) {
  std::vector<std::pair<Token, std::string>> all;
  Scanner scanner(text, [](std::uint32_t, std::string) {});
  for (Scanner::Lexeme l = scanner.next(); l.token != Token::kEof; l = scanner.next()) {
    if (l.token != Token::kComment && l.token != Token::kTerminator) {
      all.emplace_back(l.token, text.substr(l.begin, l.end - l.begin));
    }
  }
  std::vector<std::string> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Token next = i + 1 < all.size() ? all[i + 1].first : Token::kEof;
    const bool closes = next == Token::kRCurly || next == Token::kRBrack || next == Token::kRParen;
    if (all[i].first == Token::kComma && closes) continue;
    if (all[i].second == "\"\"" && next == Token::kLCurly) continue;
    out.push_back(all[i].second);
  }
  return out;
}

bool same_comments(const ast::File& a, const ast::File& b) {
  if (a.comments.size() != b.comments.size()) return false;
  for (std::size_t i = 0; i < a.comments.size(); ++i) {
    if (a.comments[i].text != b.comments[i].text) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const ast::FilePtr file = parse_file(make_source("fuzz", text), diagnostics);
  if (!file) return 0;

  const std::string printed = print_file(*file);
  const ast::FilePtr again = parse_file(make_source("printed", printed), diagnostics);
  INVAR_CHECK(again != nullptr, "printed text parses: " + diagnostics.summary());
  INVAR_CHECK(print_file(*again) == printed, "printing is stable");
  INVAR_CHECK(tokens_of(printed) == tokens_of(text), "printing keeps the tokens");
  INVAR_CHECK(same_comments(*file, *again), "printing keeps the comments");
  return 0;
}
