#include "base/json_string.h"

#include "base/strings.h"

namespace invar {

void append_json_string(std::string& out, std::string_view text, JsonEscapes escapes) {
  const bool html = escapes == JsonEscapes::kHtml;
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t clean = 0;  // start of the run that needs no escape
  std::size_t i = 0;
  const auto flush = [&](std::size_t skip) {
    out.append(text, clean, i - clean);
    i += skip;
    clean = i;
  };
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const Rune rune = decode_rune(text.substr(i));
      if (rune.value == 0xFFFD && rune.length == 1) {
        flush(1);
        out += "\\ufffd";
      } else if (html && (rune.value == 0x2028 || rune.value == 0x2029)) {
        flush(static_cast<std::size_t>(rune.length));
        out += rune.value == 0x2028 ? "\\u2028" : "\\u2029";
      } else {
        i += static_cast<std::size_t>(rune.length);
      }
      continue;
    }
    if (c >= 0x20 && c != '"' && c != '\\' && !(html && (c == '<' || c == '>' || c == '&')) &&
        !(escapes == JsonEscapes::kTerminal && c == 0x7f)) {
      ++i;
      continue;
    }
    flush(1);
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, clean, i - clean);
  out += '"';
}

}  // namespace invar
