// The parts of the parser's interface that look at one text: literals, identifiers, encodings.
#include "base/strings.h"
#include "syntax/identifier_chars.h"
#include "syntax/parser.h"

namespace invar::syntax {
namespace {

std::uint32_t number_at(std::string_view text, std::size_t first, std::size_t count, unsigned base) {
  std::uint32_t value = 0;
  for (const char c : text.substr(first, count)) {
    const auto digit = static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value * base + digit;
  }
  return value;
}

// `at` stands on the character after a backslash; it is moved behind the escape.
void append_escape(std::string& out, std::string_view text, std::size_t& at) {
  const char c = text[at++];
  switch (c) {
    case 'a':
      out += '\a';
      return;
    case 'b':
      out += '\b';
      return;
    case 'f':
      out += '\f';
      return;
    case 'n':
      out += '\n';
      return;
    case 'r':
      out += '\r';
      return;
    case 't':
      out += '\t';
      return;
    case 'v':
      out += '\v';
      return;
    case 'x':
      out += static_cast<char>(number_at(text, at, 2, 16));
      at += 2;
      return;
    case 'u':
      append_rune(out, number_at(text, at, 4, 16));
      at += 4;
      return;
    case 'U':
      append_rune(out, number_at(text, at, 8, 16));
      at += 8;
      return;
    default:
      if (c >= '0' && c <= '7') {
        out += static_cast<char>(number_at(text, at - 1, 3, 8));
        at += 2;
      } else {
        out += c;  // backslash, double quote
      }
  }
}

}  // namespace

std::string unquote(std::string_view literal_text) {
  std::string out;
  if (literal_text.size() < 2) return out;
  const bool raw = literal_text.front() == '`';
  const std::string_view inner = literal_text.substr(1, literal_text.size() - 2);
  out.reserve(inner.size());
  for (std::size_t at = 0; at < inner.size();) {
    const char c = inner[at++];
    if (raw) {
      if (c != '\r') out += c;
    } else if (c == '\\' && at < inner.size()) {
      append_escape(out, inner, at);
    } else {
      out += c;
    }
  }
  return out;
}

bool is_valid_identifier(std::string_view text) {
  if (text.empty() || text == "true" || text == "false" || text == "null") return false;
  for (std::size_t at = 0; at < text.size();) {
    const Rune rune = decode_rune(text.substr(at));
    if (!is_letter(rune.value) && (at == 0 || !is_decimal_digit(rune.value))) return false;
    at += static_cast<std::size_t>(rune.length);
  }
  return true;
}

Result<> check_encoding(std::string_view bytes) {
  using namespace std::string_view_literals;
  // The mark of UTF-32 little endian begins with that of UTF-16 little endian: the longer ones first.
  constexpr std::pair<std::string_view, std::string_view> kMarks[] = {
      {"\xFF\xFE\0\0"sv, "UTF32LittleEndian"},
      {"\0\0\xFE\xFF"sv, "UTF32BigEndian"},
      {"\xFF\xFE"sv, "UTF16LittleEndian"},
      {"\xFE\xFF"sv, "UTF16BigEndian"},
  };
  for (const auto& [mark, encoding] : kMarks) {
    if (bytes.starts_with(mark)) {
      return fail(ErrorCode::kInvalidArgument,
                  "configuration is encoded with " + std::string(encoding) + " but must be utf8");
    }
  }
  if (!bytes.starts_with("\xEF\xBB\xBF") && !valid_utf8(bytes)) {
    return fail(ErrorCode::kInvalidArgument, "unknown encoding for config");
  }
  return {};
}

}  // namespace invar::syntax
