#include "http/idna.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/strings.h"

namespace invar::http {
namespace {

// The case pairs that host names really use; a full table would be a library of its own.
char32_t lower(char32_t c) {
  const bool latin = c >= 0xC0 && c <= 0xDE && c != 0xD7;
  const bool greek = c >= 0x391 && c <= 0x3A9;
  const bool cyrillic = c >= 0x410 && c <= 0x42F;
  if ((c >= 'A' && c <= 'Z') || latin || greek || cyrillic) return c + 32;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  if (c >= 0x100 && c <= 0x137 && c % 2 == 0) return c + 1;
  return c;
}

// RFC 3492 with the parameters of IDNA.
constexpr std::uint32_t kBase = 36, kMin = 1, kMax = 26, kSkew = 38, kDamp = 700, kFirstBias = 72,
                        kFirstCode = 128;

std::uint32_t adapt(std::uint32_t delta, std::uint32_t count, bool first) {
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / count;
  std::uint32_t k = 0;
  for (; delta > ((kBase - kMin) * kMax) / 2; k += kBase) delta /= kBase - kMin;
  return k + (kBase - kMin + 1) * delta / (delta + kSkew);
}

char digit(std::uint32_t value) {
  return static_cast<char>(value < 26 ? 'a' + value : '0' + value - 26);
}

std::string punycode(const std::vector<char32_t>& label) {
  std::string out;
  for (const char32_t c : label) {
    if (c < kFirstCode) out.push_back(static_cast<char>(c));
  }
  const auto basic = static_cast<std::uint32_t>(out.size());
  if (basic > 0) out.push_back('-');
  std::uint32_t code = kFirstCode, delta = 0, bias = kFirstBias, handled = basic;
  while (handled < label.size()) {
    char32_t next = std::numeric_limits<std::uint32_t>::max();
    for (const char32_t c : label) {
      if (c >= code) next = std::min(next, c);
    }
    delta += (next - code) * (handled + 1);
    code = next;
    for (const char32_t c : label) {
      if (c < code) ++delta;
      if (c != code) continue;
      std::uint32_t q = delta;
      for (std::uint32_t k = kBase;; k += kBase) {
        const std::uint32_t t = k <= bias ? kMin : k >= bias + kMax ? kMax : k - bias;
        if (q < t) break;
        out.push_back(digit(t + (q - t) % (kBase - t)));
        q = (q - t) / (kBase - t);
      }
      out.push_back(digit(q));
      bias = adapt(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
    ++delta;
    ++code;
  }
  return out;
}

std::string ascii_label(std::string_view label) {
  constexpr std::size_t kLongestLabel = 63;
  std::vector<char32_t> runes;
  bool ascii = true;
  for (std::string_view rest = label; !rest.empty();) {
    const Rune rune = decode_rune(rest);
    runes.push_back(lower(rune.value));
    ascii = ascii && rune.value < kFirstCode;
    rest.remove_prefix(static_cast<std::size_t>(rune.length));
  }
  if (ascii || runes.size() > kLongestLabel) return std::string(label);
  return "xn--" + punycode(runes);
}

}  // namespace

std::string to_ascii_host(std::string_view host) {
  if (std::ranges::all_of(host, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return std::string(host);
  if (!valid_utf8(host)) return std::string(host);
  std::vector<std::string> labels;
  for (const auto label : split(host, '.')) labels.push_back(ascii_label(label));
  return join(labels, ".");
}

}  // namespace invar::http
