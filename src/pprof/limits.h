// Bounds that keep a hostile profile from costing more than a small multiple of its size.
#pragma once

#include <cstdint>

namespace invar::pprof {

inline constexpr std::uint32_t kMaxRecords = 1u << 22;     // of one kind in one profile
inline constexpr std::uint64_t kMaxRawBytes = 0x7fffff00;  // offsets are 32 bits wide

}  // namespace invar::pprof
