// Checksums and hashes that formats and names prescribe.  Pure; any thread.
// `previous` is the result for what came before: f(b, f(a)) == f(a + b).
#pragma once

#include <cstdint>
#include <string_view>

namespace invar::codec {

std::uint32_t crc32(std::string_view bytes, std::uint32_t previous = 0);   // of gzip and ZIP
std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous = 0);  // Castagnoli: of iSCSI and ext4

inline constexpr std::uint64_t kFnv1aStart = 0xcbf29ce484222325;
constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t previous = kFnv1aStart) {  // 64 bits
  for (const char c : bytes) previous = (previous ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return previous;
}

}  // namespace invar::codec
