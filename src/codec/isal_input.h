#pragma once

// ISA-L's input pointers are not const; it never writes there.

#include <cstdint>
#include <string_view>

namespace invar::codec {

inline std::uint8_t* isal_input(std::string_view in) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(in.data()));
}

}  // namespace invar::codec
