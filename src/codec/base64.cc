#include "codec/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/strings.h"

namespace invar::codec {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using Digits = std::array<std::int8_t, 256>;

constexpr Digits digits_of(std::string_view alphabet) {
  Digits digits;
  digits.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return digits;
}
constexpr Digits kStandardDigits = digits_of(kStandard), kUrlSafeDigits = digits_of(kUrlSafe);

bool is_break(char c) {
  return c == '\n' || c == '\r';
}

}  // namespace

std::string to_base64(std::string_view bytes, Base64 alphabet) {
  std::string out = invar::to_base64(bytes);
  if (alphabet == Base64::kUrlSafe) {
    std::ranges::replace(out, '+', '-');
    std::ranges::replace(out, '/', '_');
  }
  return out;
}

std::expected<std::string, std::size_t> from_base64(std::string_view text, Base64 alphabet) {
  const Digits& digits = alphabet == Base64::kStandard ? kStandardDigits : kUrlSafeDigits;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  std::size_t have = 0, i = 0;
  for (; i < text.size(); ++i) {
    if (is_break(text[i])) continue;
    if (text[i] == '=') break;
    const int digit = digits[static_cast<unsigned char>(text[i])];
    if (digit < 0) return std::unexpected(i);
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (++have < 4) continue;
    out += static_cast<char>(group >> 16);
    out += static_cast<char>(group >> 8);
    out += static_cast<char>(group);
    group = 0;
    have = 0;
  }
  if (i == text.size()) {
    if (have != 0) return std::unexpected(text.size() - have);
    return out;
  }
  // At the first padding character: two or three digits stand before it, and nothing but the padding follows.
  if (have < 2) return std::unexpected(i);
  ++i;
  if (have == 2) {
    while (i < text.size() && is_break(text[i])) ++i;
    if (i == text.size()) return std::unexpected(text.size());
    if (text[i] != '=') return std::unexpected(i - 1);
    ++i;
  }
  while (i < text.size() && is_break(text[i])) ++i;
  if (i < text.size()) return std::unexpected(i);
  group <<= 6 * (4 - have);
  out += static_cast<char>(group >> 16);
  if (have == 3) out += static_cast<char>(group >> 8);
  return out;
}

}  // namespace invar::codec
