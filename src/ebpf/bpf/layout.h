// What the BPF programs and user space share, byte for byte: maps' keys and values, records of the ring. Plain C, for clang's BPF
// target and for C++. docs/behaviour/ebpf.md 7.2.
#ifndef INVAR_EBPF_BPF_LAYOUT_H_
#define INVAR_EBPF_BPF_LAYOUT_H_

#ifdef __cplusplus
#include <linux/types.h>
namespace invar::ebpf::bpf {
#endif

enum {
  kMaxKernelFrames = 127,
  kMaxUserFrames = 512,
  kMaxPythonFrames = 512,
  kMaxFrames = kMaxKernelFrames + kMaxUserFrames + 2 * kMaxPythonFrames,
  kMaxTables = 4096,       // binaries with a table; slot 0 is none
  kMaxRules = 8192,        // distinct rules of all binaries
  kMaxMappings = 1 << 16,  // of all processes
  kMaxProcesses = 1 << 14,
  kMaxCounts = 1 << 14,  // distinct stacks of an interval
  kRingBytes = 1 << 20,
  kMostPageBits = 16,  // of a page of code, which has an entry in its table's index
  kMaxPythons = 16,    // layouts, one a version
  kMaxThreadsSearched = 256,
  kCachedRulesBits = 10,  // of each CPU
  kCachedRules = 1 << kCachedRulesBits,
};

// ---- unwind tables
// A table is an array of 32 bit words, two to a map element, low half first: one word per page, the index of the page's first row,
// and one more, the number of words; then the rows by address, `address & 0xffff | rule << 16`. Pages are as small as leaves a page
// some rows, so that a search touches few cache lines.

enum cfa_kind {
  kCfaNone = 0,  // no information: frame pointers
  kCfaSp,        // sp + cfa_offset
  kCfaFp,        // fp + cfa_offset
  kCfaDerefSp,   // *(sp + cfa_offset) + cfa_add
  kCfaDerefFp,   // *(fp + cfa_offset) + cfa_add
  kCfaPlt,       // sp + 8, and 8 more from the cfa_offset-th byte of 16 on
  kCfaSignal,    // the frame of a signal handler: registers from the kernel's rt_sigframe
  kCfaStop,      // the outermost frame
  kCfaFpChain,   // {saved fp, return address} at fp, as compilers and Go lay it out
};
enum fp_kind {
  kFpSame = 0,  // not saved
  kFpAtCfa,     // at cfa + fp_offset
  kFpAtFp,      // at fp + fp_offset, of this frame's fp
};
enum ra_kind {
  kRaAtCfa = 0,  // at cfa + ra_offset
  kRaInLink,     // aarch64: in lr
};
struct rule {
  __u8 cfa, fp, ra, pad;
  __s16 fp_offset, ra_offset;
  __s32 cfa_offset;
  __s32 cfa_add;
};

// What was found last for code of a table, at a place that is the hash of the key. User space takes the keys away when a table goes to
// a slot that another one had.
struct cached_rule {
  __u64 key;  // table << 32 | address in it; 0: nothing
  struct rule rule;
  __u64 pad;
};

// ---- processes
struct mapping {
  __u64 start, end;
  __u64 bias;   // subtracted from an address: its place in the table
  __u16 table;  // slot, 0: none
  __u16 page_bits;
  __u32 pages;
};

enum process_state { kProcessNew = 0, kProcessIgnored, kProcessProfiled };
struct process {
  __u32 state;
  __u32 generation;  // of the program that it runs: another after every exec
  __u32 first_mapping, mappings;
  __u64 asked_ns;     // when user space was last told of an unknown address
  __u64 python_head;  // address that holds its first interpreter state
  __u32 python;       // slot in `pythons` plus one, 0: none
  __u32 pad;
};

// How to find the frames of a CPython interpreter: offsets in its structures. docs/behaviour/ebpf.md 8.
struct python {
  __u32 interpreter_threads;     // in the interpreter state: the first thread state
  __u32 thread_next, thread_id;  // in the thread state; the id is pthread_self()
  __u32 thread_frame;            // in the thread state: the frame, or the cframe
  __u32 cframe_frame;            // in the cframe: the frame
  __u32 has_cframe;
  __u32 frame_code, frame_back, frame_last;
  __u32 frame_entry;  // byte that marks the entry from C
  __u32 entry_value, has_entry;
};

// ---- counts and records
enum sample_kind { kOnCpu = 0, kOffCpu, kKinds };
struct count_key {
  __u64 hash;
  __u32 tgid;
  __u32 kind;
};
struct count {
  __u64 samples;
  __u64 ns;
};

enum record_type { kRecordStack = 1, kRecordNew, kRecordExec, kRecordExit, kRecordUnknown };
struct event {
  __u32 type, tgid, generation, pad;
};
enum stop_reason { kStopComplete = 0, kStopUnknown, kStopFault, kStopTruncated, kStopReasons };
struct stack_record {
  __u32 type, tgid, generation, tid;
  __u64 hash;
  __u16 kernel_frames, user_frames, python_frames;
  __u8 stop;  // stop_reason of the user part
  __u8 pad;
  __u16
      exact_frame;  // the one behind a signal handler's: its address was interrupted, and is no return address; 0: none
  __u16 pad2[3];
  char comm[16];
  __u64 frames
      [kMaxFrames];  // kernel, user, then pairs {code object, last instruction or entry mark} of Python, leaf first
};

enum loss {
  kLossRing = 0,
  kLossMapFull,
  kLossProcesses,
  kCountIdle,
  kCountIgnored,
  kCountSamples,
  kCountTruncated,
  kCountUnknown,
  kCountFault,
  kCountFrames,
  kCountPythonLost,
  kLosses
};
struct losses {
  __u64 of[kLosses];
};

struct control {
  __u32 active;          // which map of counts is written
  __u32 kernel_frames;   // 0: leave them out
  __u32 by_comm;         // stacks of threads of different names are kept apart
  __u32 off_cpu_chance;  // of 2^32 - 1
  __u64 period_ns;
  __u32 only_pid;  // this process alone; 0: all
  __u32 pad;
};

#ifdef __cplusplus
}  // namespace invar::ebpf::bpf
#endif
#endif
