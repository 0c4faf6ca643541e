#pragma once

// Fields of a profile as proto3 writes them: numbers of value 0 are left out.

#include <cstdint>
#include <string>

#include "codec/wire.h"

namespace invar::pprof {

inline void put(std::string& out, std::uint32_t field, std::uint64_t value) {
  if (value != 0) codec::wire::append_field(out, field, value);
}
inline void put_signed(std::string& out, std::uint32_t field, std::int64_t value) {
  put(out, field, static_cast<std::uint64_t>(value));
}

}  // namespace invar::pprof
