// Numbers with their most significant byte first, as every frame, packet and seal of a cluster has them. Pure; any thread.
// Source: clustering.md 5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace invar::cluster {

// The last `bytes` (at most 8) bytes of `value`.
inline void append_big_endian(std::string& out, std::uint64_t value, std::size_t bytes) {
  while (bytes-- > 0) out += static_cast<char>(value >> 8 * bytes);
}

// Of at most 8 bytes.
inline std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace invar::cluster
