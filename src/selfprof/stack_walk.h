// The stack of the code that a signal interrupted, by the C++ runtime's unwinder.
// Async-signal-safe after prepare_stack_walk(): frame data is found without locks (glibc >= 2.35) and nothing
// is allocated. Threads: any. Code without unwind data (hand-written assembler) ends the stack.
#pragma once

#include <cstddef>
#include <cstdint>

namespace invar::selfprof {

inline constexpr std::size_t kMaxStackDepth = 128;

// Loads what the unwinder loads lazily; call once before the first signal.
void prepare_stack_walk();

// Leaf first; for callers the address lies inside the call. `context` is the handler's third argument. At
// least one frame.
std::size_t walk_interrupted(const void* context, std::uintptr_t* out, std::size_t capacity) noexcept;

}  // namespace invar::selfprof
