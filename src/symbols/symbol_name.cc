#include "symbols/symbol_name.h"

#include <cxxabi.h>

#include <cctype>
#include <cstdlib>
#include <memory>

namespace invar::symbols {
namespace {

constexpr std::string_view kAnonymous = "(anonymous namespace)";
constexpr std::string_view kOperator = "operator";

bool identifier_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// Behind "operator": its symbol, so that "<", ">" and "()" are not taken for brackets.
std::size_t operator_symbol_length(std::string_view rest) {
  for (const std::string_view symbol :
       {"()", "[]", "<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "<", ">"}) {
    if (rest.starts_with(symbol)) return symbol.size();
  }
  return 0;
}

}  // namespace

std::string demangle(std::string_view symbol) {
  if (!symbol.starts_with("_Z")) return std::string(symbol);
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(std::string(symbol).c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 && name ? std::string(name.get()) : std::string(symbol);
}

std::string short_name(std::string_view text) {
  std::string out;
  int angle = 0, round = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const bool visible = angle == 0 && round == 0;
    if (visible && rest.starts_with(kAnonymous)) {
      out += kAnonymous;
      i += kAnonymous.size();
      continue;
    }
    if (visible && rest.starts_with(kOperator) && (i == 0 || !identifier_char(text[i - 1])) &&
        (rest.size() == kOperator.size() || !identifier_char(rest[kOperator.size()]))) {
      const std::size_t length = kOperator.size() + operator_symbol_length(rest.substr(kOperator.size()));
      out += rest.substr(0, length);
      i += length;
      // "operator bool", "operator new": the space belongs to the name.
      if (rest.substr(length).starts_with(' ') && !rest.substr(length).starts_with(" <")) {
        out += '\x1f';
        ++i;
      } else if (rest.substr(length).starts_with(' ')) {
        ++i;  // "operator<< <char>"
      }
      continue;
    }
    const char c = text[i++];
    // "->" inside a decltype of a trailing return type is no bracket.
    if (c == '<') {
      ++angle;
    } else if (c == '>' && !(i >= 2 && text[i - 2] == '-')) {
      angle -= angle > 0 ? 1 : 0;
    } else if (c == '(') {
      ++round;
    } else if (c == ')') {
      round -= round > 0 ? 1 : 0;
    } else if (c == '{' && visible) {  // {lambda(int)#1}: kept, its parameters dropped
      const std::size_t close = rest.find('}');
      const std::size_t hash = rest.rfind('#', close);
      if (close == std::string_view::npos) {
        out += c;
      } else {
        out += rest.substr(0, rest.find_first_of("(}"));
        if (hash != std::string_view::npos && hash < close) out += rest.substr(hash, close - hash);
        out += '}';
        i += close;
      }
    } else if (visible) {
      out += c;
    }
  }
  // A return type stands before the last free space; what follows the parameters ("const", "[clone ...]")
  // behind it.
  for (const std::string_view tail : {" const", " volatile", " &&", " &"}) {
    while (out.ends_with(tail)) out.resize(out.size() - tail.size());
  }
  if (const std::size_t clone = out.find(" [clone"); clone != std::string::npos) out.resize(clone);
  for (const std::string_view tail : {" const", " &&", " &"}) {
    while (out.ends_with(tail)) out.resize(out.size() - tail.size());
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out.compare(i, kAnonymous.size(), kAnonymous) == 0) {
      i += kAnonymous.size() - 1;
    } else if (out[i] == ' ') {
      begin = i + 1;
    }
  }
  out.erase(0, begin);
  for (char& c : out) c = c == '\x1f' ? ' ' : c;
  return out.empty() ? std::string(text) : out;
}

}  // namespace invar::symbols
