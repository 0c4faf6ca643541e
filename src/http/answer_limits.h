// What a client bears of an answer, whichever engine reads it.
#pragma once

#include <cstdint>

namespace invar::http {

inline constexpr std::uint32_t kMaxHeadBytes = 1u << 20;
inline constexpr std::uint64_t kMaxReserve = 4u << 20;  // a length that a peer claims is not yet memory

}  // namespace invar::http
