// The one place where text becomes a JSON string. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace invar {

enum class JsonEscapes : std::uint8_t {
  kFewest,    // quotes, backslashes and control characters below the space
  kHtml,      // and < > & U+2028 U+2029: may stand in a script element
  kTerminal,  // and DEL
};

// With its quotes. Invalid UTF-8 becomes \ufffd.
void append_json_string(std::string& out, std::string_view text, JsonEscapes escapes = JsonEscapes::kFewest);

}  // namespace invar
