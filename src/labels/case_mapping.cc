#include "labels/case_mapping.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/strings.h"

namespace invar {
namespace {

// Simple (one rune to one rune) mappings of Unicode 15.0.0, as ranges of equal distance.
struct CaseRange {
  std::uint32_t first, last;
  std::int32_t stride;  // 2: only every second rune of the range
  std::int32_t delta;
};

#include "labels/case_tables.inl"

char32_t map_rune(char32_t rune, std::span<const CaseRange> ranges) {
  const auto at = std::ranges::lower_bound(ranges, static_cast<std::uint32_t>(rune), {}, &CaseRange::last);
  if (at == ranges.end() || rune < at->first ||
      (rune - at->first) % static_cast<std::uint32_t>(at->stride) != 0) {
    return rune;
  }
  return static_cast<char32_t>(static_cast<std::int32_t>(rune) + at->delta);
}

std::string map_text(std::string_view text, char first, char last, std::span<const CaseRange> ranges) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    if (static_cast<unsigned char>(c) < 0x80) {
      out += c >= first && c <= last ? static_cast<char>(c ^ 0x20) : c;
      text.remove_prefix(1);
      continue;
    }
    const Rune rune = decode_rune(text);
    append_rune(out, map_rune(rune.value, ranges));
    text.remove_prefix(static_cast<std::size_t>(rune.length));
  }
  return out;
}

}  // namespace

std::string to_upper_unicode(std::string_view text) {
  return map_text(text, 'a', 'z', kUpper);
}
std::string to_lower_unicode(std::string_view text) {
  return map_text(text, 'A', 'Z', kLower);
}

}  // namespace invar
