#include "pprof/varint.h"

namespace invar::pprof {

std::uint64_t PaddedReader::long_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && at < end; shift += 7) {
    const std::uint8_t byte = *at++;
    if (shift == 63 && byte > 1) break;
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

std::uint64_t PaddedReader::tag() {
  const std::uint8_t* const from = at;
  const std::uint64_t tag = varint();
  if (tag >> 32 != 0 || tag >> 3 == 0 || static_cast<std::uint32_t>(at - from) != varint_size(tag)) fail();
  return failed ? 0 : tag;
}

void PaddedReader::skip(std::uint64_t tag) {
  switch (tag & 7) {
    case 0:
      varint();
      return;
    case 1:
      return end - at < 8 ? fail() : void(at += 8);
    case 2:
      at += length();
      return;
    case 5:
      return end - at < 4 ? fail() : void(at += 4);
    default:
      return fail();
  }
}

}  // namespace invar::pprof
