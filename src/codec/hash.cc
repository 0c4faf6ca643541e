#include "codec/hash.h"

#include <isa-l.h>

#include <algorithm>

#include "codec/isal_input.h"

namespace invar::codec {
std::uint32_t crc32(std::string_view bytes, std::uint32_t previous) {
  return crc32_gzip_refl(previous, isal_input(bytes), bytes.size());
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous) {
  constexpr std::size_t kPiece = 1 << 30;  // its length is an int
  std::uint32_t crc = ~previous;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPiece);
    crc = crc32_iscsi(isal_input(piece), static_cast<int>(piece.size()), crc);
    bytes.remove_prefix(piece.size());
  }
  return ~crc;
}

}  // namespace invar::codec
