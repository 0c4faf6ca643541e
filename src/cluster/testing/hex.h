// Bytes from the hex of a specification's vectors; blanks count for nothing. For tests.
#pragma once

#include <string>
#include <string_view>

namespace invar::cluster::testing {

inline std::string from_hex(std::string_view text) {
  std::string digits, out;
  for (const char c : text) {
    if (c != ' ' && c != '\n') digits += c;
  }
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return out;
}

}  // namespace invar::cluster::testing
