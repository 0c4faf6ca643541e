#include "selfprof/stack_walk.h"

#include <ucontext.h>
#include <unwind.h>

namespace invar::selfprof {
namespace {

struct Walk {
  std::uintptr_t* out;
  std::size_t capacity;
  std::size_t size;
  std::uintptr_t from;  // frames above this one are the handler's own
  bool inside;
};

_Unwind_Reason_Code step(_Unwind_Context* context, void* argument) {
  auto* walk = static_cast<Walk*>(argument);
  int before_instruction = 0;
  const std::uintptr_t ip = _Unwind_GetIPInfo(context, &before_instruction);
  if (ip == 0) return _URC_END_OF_STACK;
  if (!walk->inside) {
    if (ip != walk->from) return _URC_NO_REASON;
    walk->inside = true;
  }
  walk->out[walk->size++] = before_instruction ? ip : ip - 1;
  return walk->size < walk->capacity ? _URC_NO_REASON : _URC_END_OF_STACK;
}

std::uintptr_t program_counter(const void* context) {
  const auto* c = static_cast<const ucontext_t*>(context);
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(c->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return static_cast<std::uintptr_t>(c->uc_mcontext.pc);
#else
#error "the program counter of this architecture is not known here"
#endif
}

}  // namespace

void prepare_stack_walk() {
  std::uintptr_t scratch[4];
  Walk walk{scratch, 4, 0, 0, true};
  _Unwind_Backtrace(step, &walk);
}

std::size_t walk_interrupted(const void* context, std::uintptr_t* out, std::size_t capacity) noexcept {
  Walk walk{out, capacity, 0, program_counter(context), false};
  _Unwind_Backtrace(step, &walk);
  if (walk.size == 0) {
    out[0] = walk.from;
    return 1;
  }
  return walk.size;
}

}  // namespace invar::selfprof
