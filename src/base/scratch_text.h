// A text that a thread keeps as its scratch gives its memory back after an unusually large use. Neither `text = {}` nor clear() nor
// the assignment of an empty text does that: all of them keep the buffer.
#pragma once

#include <cstddef>
#include <string>

namespace invar {

// Empties `scratch`, and frees its buffer if that is larger than `kept_bytes`.
inline void give_back(std::string& scratch, std::size_t kept_bytes) {
  if (scratch.capacity() > kept_bytes) {
    std::string().swap(scratch);
  } else {
    scratch.clear();
  }
}

}  // namespace invar
