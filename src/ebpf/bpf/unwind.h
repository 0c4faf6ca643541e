// The unwinder: one step from a frame to its caller, by rules or by frame pointers. Compiled for BPF by clang and, for its tests, for
// the host. Whoever includes it has defined
//   struct unwinder  with the members below used
//   read_word(), read_pair() -> 0 when it could; find_mapping(); find_rule()
// docs/behaviour/ebpf.md 7.3.
#ifndef INVAR_EBPF_BPF_UNWIND_H_
#define INVAR_EBPF_BPF_UNWIND_H_

#include "ebpf/bpf/layout.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

struct unwind_state {
  __u64 ip, sp, fp, lr;
  __u32 first_mapping, mappings;
  __u32 frames;
  __u32 stop;  // stop_reason once `done`
  __u32 done;
  __u32 exact;  // ip was interrupted here: it is no return address
  __u32 exact_frame;
  __u32 unknown_pc;   // ip was in no known mapping
  __u32 caches;       // no other walk that does comes in between on this CPU
  struct mapping at;  // of the last address found
};

struct pair {
  __u64 first, second;
};

static int read_word(__u64 address, __u64* out);
static int read_pair(__u64 address, struct pair* out);                  // of two words, one after the other
static int find_mapping(struct unwind_state* s, __u64 ip);              // fills s->at; 0: there is none
static const struct rule* find_rule(struct unwind_state* s, __u64 pc);  // of s->at; null: there is none

#define INVAR_MAX_FP_STEP (1 << 20)
#define INVAR_LOWEST_CODE 4096

// A return address as it may stand in memory. On aarch64 the bits above user space's 48 can hold its signature.
static __always_inline __u64 code_address(__u64 word) {
#if defined(INVAR_AARCH64)
  return word & ((1ull << 48) - 1);
#else
  return word;
#endif
}

static __always_inline void stop_at(struct unwind_state* s, __u32 reason) {
  s->stop = reason;
  s->done = 1;
}

static __always_inline int plausible_return(struct unwind_state* s, __u64 ip) {
  if (ip < INVAR_LOWEST_CODE || ip >> 63) return 0;
  // Of a process that is not known yet, user space checks the addresses.
  return s->mappings == 0 || find_mapping(s, ip);
}

// {fp, return address} at fp; of the leaf also the return address on top of the stack.
static __always_inline void step_by_frame_pointer(struct unwind_state* s) {
  __u64 ra = 0;
  if (s->fp == 0 && !s->exact) return stop_at(s, kStopComplete);
#if defined(INVAR_AARCH64)
  ra = code_address(s->lr);
  if (s->exact && ra != 0 && plausible_return(s, ra) && ra != s->ip) {
    s->lr = 0;
    s->ip = ra;
    s->exact = 0;
    return;
  }
#endif
  if (s->fp >= s->sp && s->fp - s->sp <= INVAR_MAX_FP_STEP && (s->fp & 7) == 0) {
    struct pair saved = {0, 0};
    if (read_pair(s->fp, &saved)) return stop_at(s, kStopFault);
    ra = code_address(saved.second);
    if (ra == 0) return stop_at(s, kStopComplete);
    if (plausible_return(s, ra)) {
      s->sp = s->fp + 16;
      s->fp = saved.first;
      s->ip = ra;
      s->exact = 0;
      return;
    }
  }
  if (s->exact) {  // perhaps a leaf that saves nothing
    if (read_word(s->sp, &ra)) return stop_at(s, kStopFault);
    ra = code_address(ra);
    if (s->mappings != 0 && plausible_return(s, ra)) {
      s->sp += 8;
      s->ip = ra;
      s->exact = 0;
      return;
    }
  }
  stop_at(s, kStopUnknown);
}

// The kernel's rt_sigframe: on x86-64 sp stands at the ucontext, on aarch64 at the siginfo before it.
static __always_inline void step_over_signal(struct unwind_state* s) {
  __u64 ip = 0, sp = 0, fp = 0;
#if defined(INVAR_AARCH64)
  const __u64 regs = s->sp + 128 + 176 + 8;  // siginfo, ucontext's head, mcontext's fault address
  if (read_word(regs + 29 * 8, &fp) || read_word(regs + 30 * 8, &s->lr) || read_word(regs + 31 * 8, &sp) ||
      read_word(regs + 32 * 8, &ip))
    return stop_at(s, kStopFault);
#else
  if (read_word(s->sp + 120, &fp) || read_word(s->sp + 160, &sp) || read_word(s->sp + 168, &ip))
    return stop_at(s, kStopFault);
#endif
  s->ip = ip;
  s->sp = sp;
  s->fp = fp;
  s->exact = 1;
  s->exact_frame = s->frames;
}

static __always_inline void step_by_rule(struct unwind_state* s, const struct rule* r) {
  __u64 cfa = 0, ra = 0, fp = s->fp;
  switch (r->cfa) {
    case kCfaSp:
      cfa = s->sp + (__s64)r->cfa_offset;
      break;
    case kCfaFp:
      cfa = s->fp + (__s64)r->cfa_offset;
      break;
    case kCfaDerefSp:
    case kCfaDerefFp:
      if (read_word((r->cfa == kCfaDerefSp ? s->sp : s->fp) + (__s64)r->cfa_offset, &cfa))
        return stop_at(s, kStopFault);
      cfa += (__s64)r->cfa_add;
      break;
    case kCfaPlt:
      cfa = s->sp + 8 + ((s->ip & 15) >= (__u32)r->cfa_offset ? 8 : 0);
      break;
    default:
      return stop_at(s, kStopUnknown);
  }
  // A caller's frame lies above; only the leaf of aarch64 may share its place.
  if (cfa < s->sp || (cfa == s->sp && !s->exact)) return stop_at(s, kStopUnknown);
  if (r->fp == kFpAtCfa && read_word(cfa + (__s64)r->fp_offset, &fp)) return stop_at(s, kStopFault);
  if (r->fp == kFpAtFp && read_word(s->fp + (__s64)r->fp_offset, &fp)) return stop_at(s, kStopFault);
  if (r->ra == kRaInLink) {
    if (!s->exact) return stop_at(s, kStopUnknown);
    ra = s->lr;
  } else if (read_word(cfa + (__s64)r->ra_offset, &ra)) {
    return stop_at(s, kStopFault);
  }
  ra = code_address(ra);
  if (ra == 0) return stop_at(s, kStopComplete);
  if (ra < INVAR_LOWEST_CODE || ra >> 63) return stop_at(s, kStopUnknown);
  s->ip = ra;
  s->sp = cfa;
  s->fp = fp;
  s->exact = 0;
}

// From the frame at s->ip, which the caller has noted, to the one that called it; or s->done.
static __always_inline void unwind_step(struct unwind_state* s) {
  const struct rule* r = 0;
  const __u64 pc = s->ip - (s->exact ? 0 : 1);
  if (find_mapping(s, pc)) {
    if (s->at.table != 0) r = find_rule(s, pc);
  } else if (s->mappings != 0) {
    s->unknown_pc = 1;
  }
  if (r == 0 || r->cfa == kCfaNone || r->cfa == kCfaFpChain) return step_by_frame_pointer(s);
  if (r->cfa == kCfaStop) return stop_at(s, kStopComplete);
  if (r->cfa == kCfaSignal) return step_over_signal(s);
  step_by_rule(s, r);
}

#endif
