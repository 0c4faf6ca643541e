// CRC-32C (Castagnoli), the checksum of iSCSI and ext4: the processor computes it on x86-64 and arm64. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace invar::queue {

// `previous` is the checksum of what came before: crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous = 0);

// The same by tables, for processors without the instruction.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t previous = 0);

}  // namespace invar::queue
