#include "jfr/text.h"

namespace invar::jfr {
namespace {

enum Tag : std::uint8_t { kNull, kEmpty, kConstant, kUtf8, kChars, kLatin1 };

void append(std::string& out, std::uint32_t rune) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (rune < 0x80) return put(rune);
  if (rune < 0x800) {
    put(0xc0 | rune >> 6);
  } else {
    if (rune < 0x10000) {
      put(0xe0 | rune >> 12);
    } else {
      put(0xf0 | rune >> 18);
      put(0x80 | (rune >> 12 & 0x3f));
    }
    put(0x80 | (rune >> 6 & 0x3f));
  }
  put(0x80 | (rune & 0x3f));
}

constexpr std::uint32_t kReplacement = 0xfffd;
bool is_surrogate(std::uint32_t unit) {
  return (unit & 0xfffff800) == 0xd800;
}

// How many bytes of a whole, shortest UTF-8 sequence stand at the front; 0: none.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool is_too_long = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool is_no_rune = (first == 0xed && byte(1) >= 0xa0) || (first == 0xf4 && byte(1) >= 0x90);
  return is_too_long || is_no_rune ? 0 : size;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = sequence(text);
    if (size == 0) {
      append(out, kReplacement);
      text.remove_prefix(1);
    } else {
      out.append(text.substr(0, size));
      text.remove_prefix(size);
    }
  }
  return out;
}

std::uint64_t read_size(Cursor& in, std::size_t limit) {
  const std::uint64_t size = in.varint();
  if (size > limit) in.fail();
  return in.failed() ? 0 : size;
}

std::string read_chars(Cursor& in, std::uint64_t count) {
  std::string out;
  std::uint32_t high = 0;  // the first half of a pair
  for (std::uint64_t i = 0; i < count && !in.failed(); ++i) {
    const auto unit = static_cast<std::uint32_t>(in.varint() & 0xffff);
    const bool is_low = (unit & 0xfc00) == 0xdc00;
    if (high != 0 && !is_low) append(out, kReplacement);
    if (is_low) {
      append(out, high != 0 ? 0x10000 + ((high & 0x3ff) << 10 | (unit & 0x3ff)) : kReplacement);
      high = 0;
    } else if (is_surrogate(unit)) {
      high = unit;
    } else {
      append(out, unit);
      high = 0;
    }
  }
  if (high != 0) append(out, kReplacement);
  return out;
}

}  // namespace

void skip_text(Cursor& in) {
  switch (in.byte()) {
    case kNull:
    case kEmpty:
      return;
    case kConstant:
      in.varint();
      return;
    case kUtf8:
    case kLatin1:
      return in.skip(in.varint());
    case kChars:
      for (std::uint64_t left = in.varint(); left > 0 && !in.failed(); --left) in.varint();
      return;
    default:
      return in.fail();
  }
}

Text read_text(Cursor& in, std::size_t limit) {
  Text text;
  switch (in.byte()) {
    case kNull:
      text.null = true;
      return text;
    case kEmpty:
      return text;
    case kConstant:
      text.constant = in.varint();
      return text;
    case kUtf8:
      text.utf8 = valid_utf8(in.bytes(read_size(in, limit)));
      return text;
    case kLatin1:
      for (const char byte : in.bytes(read_size(in, limit)))
        append(text.utf8, static_cast<std::uint8_t>(byte));
      return text;
    case kChars:
      text.utf8 = read_chars(in, read_size(in, limit));
      return text;
    default:
      in.fail();
      return text;
  }
}

}  // namespace invar::jfr
