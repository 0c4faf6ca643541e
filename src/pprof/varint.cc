#include "pprof/varint.h"

namespace invar::pprof {

PaddedReader::Step PaddedReader::long_varint(const std::uint8_t* at, const std::uint8_t* end) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && at < end; shift += 7) {
    const std::uint8_t byte = *at++;
    if (shift == 63 && byte > 1) break;
    value |= std::uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return {at, value};
  }
  return {nullptr, 0};
}

PaddedReader::Step PaddedReader::read_tag(const std::uint8_t* at, const std::uint8_t* end) {
  PaddedReader in(at, end);
  const std::uint64_t tag = in.varint();
  const bool minimal = static_cast<std::uint32_t>(in.at - at) == varint_size(tag);
  if (in.failed || tag >> 32 != 0 || tag >> 3 == 0 || !minimal) return {nullptr, 0};
  return {in.at, tag};
}

PaddedReader::Step PaddedReader::skip_value(const std::uint8_t* at, const std::uint8_t* end,
                                            std::uint64_t tag) {
  PaddedReader in(at, end);
  const auto left = static_cast<std::uint64_t>(end - at);
  switch (tag & 7) {
    case 0:
      in.varint();
      break;
    case 1:
      if (left < 8) return {nullptr, 0};
      in.at += 8;
      break;
    case 2:
      in.at += in.length();
      break;
    case 5:
      if (left < 4) return {nullptr, 0};
      in.at += 4;
      break;
    default:
      return {nullptr, 0};
  }
  return {in.failed ? nullptr : in.at, 0};
}

}  // namespace invar::pprof
