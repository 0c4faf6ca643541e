// Varints and messages read 8 bytes at a time: the fast twin of wire.h, with the same idea of what is valid.
// Contract: kPadding readable bytes behind the whole buffer, so that a load needs no check; results are
//          checked against the end of the message instead. Little-endian machines.
// Errors:  sticky. A reader that fails stands at its end with `failed` set; values read after that are 0.
// Threads: pure; a reader has one owner.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "codec/gzip.h"

namespace invar::pprof {

static_assert(std::endian::native == std::endian::little, "the packed formats are little-endian");

inline constexpr std::size_t kPadding = codec::kSpareBytes;

struct Span {  // a piece of the profile
  std::uint32_t offset = 0, size = 0;
};

[[gnu::always_inline]] inline std::uint64_t load64(const void* from) {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}
[[gnu::always_inline]] inline void store64(void* to, std::uint64_t value) {
  std::memcpy(to, &value, sizeof(value));
}

inline constexpr std::uint64_t kContinuationBits = 0x8080808080808080;

// The 7-bit groups of 8 bytes joined to 56 bits.
[[gnu::always_inline]] inline std::uint64_t join_groups(std::uint64_t bytes) {
  bytes &= ~kContinuationBits;
  bytes = (bytes & 0x007f007f007f007f) | ((bytes & 0x7f007f007f007f00) >> 1);
  bytes = (bytes & 0x00003fff00003fff) | ((bytes & 0x3fff00003fff0000) >> 2);
  return (bytes & 0x0fffffff) | ((bytes & 0x0fffffff00000000) >> 4);
}

// 56 bits as 8 groups of 7, without continuation bits.
[[gnu::always_inline]] inline std::uint64_t split_groups(std::uint64_t value) {
  value = (value & 0x0fffffff) | ((value & 0x00fffffff0000000) << 4);
  value = (value & 0x00003fff00003fff) | ((value & 0x0fffc0000fffc000) << 2);
  return (value & 0x007f007f007f007f) | ((value & 0x3f803f803f803f80) << 1);
}

// Bytes of a varint, exact for every value.
[[gnu::always_inline]] inline std::uint32_t varint_size(std::uint64_t value) {
  return (static_cast<std::uint32_t>(63 - std::countl_zero(value | 1)) * 37 >> 8) + 1;
}

// Writes a varint without a branch on its size up to 56 bits; may touch 8 bytes. Returns behind it.
[[gnu::always_inline]] inline std::uint8_t* write_varint(std::uint8_t* out, std::uint64_t value) {
  if (value >> 56 == 0) [[likely]] {
    const std::uint32_t size = varint_size(value);
    store64(out, split_groups(value) | (kContinuationBits & ((std::uint64_t{1} << (8 * (size - 1))) - 1)));
    return out + size;
  }
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<std::uint8_t>(value | 0x80);
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

// Copies `size` bytes; may read and write up to 31 bytes more, for which both buffers have room.
[[gnu::always_inline]] inline void copy_loose(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  std::memcpy(to, from, 32);
  if (size <= 32) return;
  if (size > 256) {
    std::memcpy(to + 32, from + 32, size - 32);
    return;
  }
  for (std::size_t i = 32; i < size; i += 32) std::memcpy(to + i, from + i, 32);
}

class PaddedReader {
 public:
  const std::uint8_t* at;
  const std::uint8_t* end;
  bool failed = false;

  PaddedReader(const std::uint8_t* from, const std::uint8_t* to) : at(from), end(to) {}
  PaddedReader(const std::uint8_t* raw, Span span)
      : PaddedReader(raw + span.offset, raw + span.offset + span.size) {}

  bool more() const { return at < end; }
  void fail() {
    at = end;
    failed = true;
  }

  [[gnu::always_inline]] std::uint64_t varint() {
    if (at >= end) [[unlikely]]
      return fail(), 0;
    const std::uint64_t bytes = load64(at);
    if (!(bytes & 0x80)) {
      ++at;
      return bytes & 0x7f;
    }
    const std::uint64_t stops = ~bytes & kContinuationBits;
    if (stops == 0) [[unlikely]]
      return take(long_varint(at, end));
    const std::uint8_t* const next = at + (std::countr_zero(stops) >> 3) + 1;
    if (next > end) [[unlikely]]
      return fail(), 0;
    at = next;
    return join_groups(bytes & (stops ^ (stops - 1)));
  }

  // The same for numbers that are mostly below 2^14: no branch between one byte and two.
  [[gnu::always_inline]] std::uint64_t short_varint() {
    const std::uint64_t bytes = load64(at);
    if ((bytes & 0x8080) == 0x8080) [[unlikely]]
      return varint();
    const std::uint64_t more = bytes >> 7 & 1;
    const std::uint8_t* const next = at + 1 + more;
    if (next > end) [[unlikely]]
      return fail(), 0;
    at = next;
    return (bytes & 0x7f) | ((bytes >> 1 & 0x3f80) & (0 - more));
  }

  // The size of a length-delimited field, not larger than what is left.
  [[gnu::always_inline]] std::uint32_t length() {
    const std::uint64_t size = short_varint();
    if (size > static_cast<std::uint64_t>(end - at)) [[unlikely]]
      return fail(), 0;
    return static_cast<std::uint32_t>(size);
  }

  // The reader stands at a length: returns the message and steps over it.
  [[gnu::always_inline]] PaddedReader message() {
    const std::uint32_t size = length();
    PaddedReader inner(at, at + size);
    at += size;
    return inner;
  }

  // A tag of any size. A tag longer than needed fails, as in wire.h.
  std::uint64_t tag() { return take(read_tag(at, end)); }
  // Steps over the value of a field with this tag.
  void skip(std::uint64_t tag) { take(skip_value(at, end, tag)); }

 private:
  // The rare cases take and return values, never the reader, so that it lives in registers. `at` null: failed.
  struct Step {
    const std::uint8_t* at;
    std::uint64_t value;
  };
  [[gnu::noinline, gnu::cold]] static Step long_varint(const std::uint8_t* at, const std::uint8_t* end);
  static Step read_tag(const std::uint8_t* at, const std::uint8_t* end);
  static Step skip_value(const std::uint8_t* at, const std::uint8_t* end, std::uint64_t tag);

  [[gnu::always_inline]] std::uint64_t take(Step step) {
    if (step.at == nullptr) [[unlikely]]
      return fail(), 0;
    at = step.at;
    return step.value;
  }
};

// Reads a record in the shape that nearly all producers write, field after field, with one check at the end: whoever finds
// `straight` false or `at` elsewhere than expected reads the record again in the general way. Reads at most 3 bytes a field.
struct StraightReader {
  const std::uint8_t* at;
  bool straight = true;

  // The number of a field with this tag, if it has one byte or two.
  [[gnu::always_inline]] std::uint64_t field(std::uint8_t tag) {
    const std::uint64_t bytes = load64(at);
    straight &= static_cast<std::uint8_t>(bytes) == tag && (bytes & 0x808000) != 0x808000;
    const std::uint64_t more = bytes >> 15 & 1;
    at += 2 + more;
    return (bytes >> 8 & 0x7f) | ((bytes >> 9 & 0x3f80) & (0 - more));
  }
};

// Reads a message whose known fields 1..kLast are numbers into `values` (last wins); unknown fields are
// stepped over.
template <std::uint32_t kLast>
[[gnu::always_inline]] inline void read_numbers(PaddedReader& in, std::uint64_t (&values)[kLast + 1]) {
  while (in.more()) {
    const std::uint8_t tag = *in.at;
    if (!(tag & 0x87) && tag >= 0x08 && tag <= kLast << 3) [[likely]] {
      ++in.at;
      values[tag >> 3] = in.short_varint();
      continue;
    }
    const std::uint64_t other = in.tag();
    if (other >> 3 <= kLast) return in.fail();  // a known field of the wrong wire type
    in.skip(other);
  }
}

}  // namespace invar::pprof
