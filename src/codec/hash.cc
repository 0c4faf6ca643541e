#include "codec/hash.h"

#include <isa-l.h>

#include <algorithm>

namespace invar::codec {
namespace {

unsigned char* writable(std::string_view in) {  // ISA-L's input pointers are not const; it never writes there
  return reinterpret_cast<unsigned char*>(const_cast<char*>(in.data()));
}

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t previous) {
  return crc32_gzip_refl(previous, writable(bytes), bytes.size());
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous) {
  constexpr std::size_t kPiece = 1 << 30;  // its length is an int
  std::uint32_t crc = ~previous;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPiece);
    crc = crc32_iscsi(writable(piece), static_cast<int>(piece.size()), crc);
    bytes.remove_prefix(piece.size());
  }
  return ~crc;
}

}  // namespace invar::codec
