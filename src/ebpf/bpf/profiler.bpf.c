// The BPF programs: a sample per CPU and period, the life of processes, and waits. docs/behaviour/ebpf.md 7.
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
// clang-format off
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
// clang-format on

#include "ebpf/bpf/layout.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// ---- the kernel's structures, as far as they are read
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct thread_struct {
#if defined(INVAR_AARCH64)
  struct {
    unsigned long tp_value;
  } uw;
#else
  unsigned long fsbase;
#endif
};
struct signal_struct {
  struct {
    int counter;
  } live;
};
struct file;
struct mm_struct {
  unsigned long start_stack;
  struct file* exe_file;
};
struct task_struct {
  int pid, tgid;
  struct task_struct* real_parent;
  unsigned int __state;
  struct mm_struct* mm;
  struct thread_struct thread;
  struct signal_struct* signal;
  char comm[16];
};
struct pt_regs___kernel {
#if defined(INVAR_AARCH64)
  unsigned long long regs[31], sp, pc;
#else
  unsigned long sp, ip, bp;
#endif
};
#pragma clang attribute pop

// ---- maps
#define INVAR_ARRAY(name_, type_, entries_)       \
  struct {                                        \
    __uint(type, BPF_MAP_TYPE_ARRAY);             \
    __uint(max_entries, entries_);                \
    __type(key, __u32);                           \
    __type(value, type_);                         \
  } name_ SEC(".maps")
INVAR_ARRAY(settings, struct control, 1);
INVAR_ARRAY(rules, struct rule, kMaxRules);
INVAR_ARRAY(pythons, struct python, kMaxPythons);

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, kMaxMappings);
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct mapping);
} mappings SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, kCachedRules);  // and as many for every CPU
  __uint(map_flags, BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, struct cached_rule);
} rule_cache SEC(".maps");

struct one_table {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_INNER_MAP | BPF_F_MMAPABLE);
  __type(key, __u32);
  __type(value, __u64);
};
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, kMaxTables);
  __type(key, __u32);
  __array(values, struct one_table);
} tables SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, kMaxProcesses);
  __type(key, __u32);
  __type(value, struct process);
} procs SEC(".maps");

#define INVAR_COUNTS(name_)                 \
  struct {                                  \
    __uint(type, BPF_MAP_TYPE_HASH);        \
    __uint(max_entries, kMaxCounts);        \
    __type(key, struct count_key);          \
    __type(value, struct count);            \
  } name_ SEC(".maps")
INVAR_COUNTS(counts_a);
INVAR_COUNTS(counts_b);

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, kRingBytes);
} ring SEC(".maps");

struct waiting {
  __u64 since_ns;
  __u64 hash;
  __u32 tgid;
  __u32 pad;
};
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1 << 14);
  __type(key, __u32);
  __type(value, struct waiting);
} waits SEC(".maps");

#define INVAR_PER_CPU(name_, type_, entries_)  \
  struct {                                     \
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);   \
    __uint(max_entries, entries_);             \
    __type(key, __u32);                        \
    __type(value, type_);                      \
  } name_ SEC(".maps")
INVAR_PER_CPU(losses, struct losses, 1);

__u32 generations = 0;

static __always_inline void add(enum loss which, __u64 n) {
  __u32 zero = 0;
  struct losses* on_this_cpu = bpf_map_lookup_elem(&losses, &zero);
  if (on_this_cpu) on_this_cpu->of[which] += n;
}

// ---- what the unwinder asks for
#include "ebpf/bpf/unwind.h"

// In map memory, and one place for all of it: the verifier follows every value that it knows, and knows none of these.
struct scratch {
  struct unwind_state unwind;
  __u64 hash;
  struct stack_record record;
};
INVAR_PER_CPU(scratches, struct scratch, 2);  // of samples, and of waits: a sample may interrupt one

static int read_word(__u64 address, __u64* out) {
  return bpf_probe_read_user(out, sizeof *out, (const void*)address) != 0;
}
static int read_pair(__u64 address, struct pair* out) {
  return bpf_probe_read_user(out, sizeof *out, (const void*)address) != 0;
}

struct mapping_search {
  __u32 low, high;  // the answer is the last one that starts at or below ip: low - 1
  __u64 ip;
};
static long mapping_search_step(__u32 i, void* context) {
  struct mapping_search* s = context;
  if (s->low >= s->high) return 1;
  const __u32 middle = (s->low + s->high) >> 1;
  const struct mapping* m = bpf_map_lookup_elem(&mappings, &middle);
  if (!m) return 1;
  if (m->start <= s->ip)
    s->low = middle + 1;
  else
    s->high = middle;
  return 0;
}
static __attribute__((noinline)) int find_mapping(struct unwind_state* s, __u64 ip) {
  if (ip >= s->at.start && ip < s->at.end) return 1;
  struct mapping_search search = {.low = s->first_mapping, .high = s->first_mapping + s->mappings, .ip = ip};
  bpf_loop(17, mapping_search_step, &search, 0);
  if (search.low == s->first_mapping) return 0;
  const __u32 index = search.low - 1;
  const struct mapping* m = bpf_map_lookup_elem(&mappings, &index);
  if (!m || ip < m->start || ip >= m->end) return 0;
  s->at = *m;
  return 1;
}

struct row_search {
  void* words;  // the map
  __u32 low, high, offset;
};
static __always_inline __u32 table_word(void* words, __u32 index) {
  const __u32 pair = index >> 1;
  const __u64* at = bpf_map_lookup_elem(words, &pair);
  if (!at) return 0;
  return index & 1 ? *at >> 32 : (__u32)*at;
}
static long row_search_step(__u32 i, void* context) {
  struct row_search* s = context;
  if (s->low >= s->high) return 1;
  const __u32 middle = (s->low + s->high) >> 1;
  if ((table_word(s->words, middle) & 0xffff) <= s->offset)
    s->low = middle + 1;
  else
    s->high = middle;
  return 0;
}
static __always_inline const struct rule* search_rule(const struct unwind_state* s, __u64 at) {
  const __u64 page = at >> s->at.page_bits;
  if (page >= s->at.pages) return 0;
  const __u32 table = s->at.table;
  void* words = bpf_map_lookup_elem(&tables, &table);
  if (!words) return 0;
  struct row_search search = {.words = words, .offset = at & 0xffff};
  search.low = table_word(words, page);
  search.high = table_word(words, page + 1);
  bpf_loop(17, row_search_step, &search, 0);
  // The row before the page's first is the one that reaches into it.
  if (search.low <= s->at.pages + 1) return 0;
  const __u32 rule = table_word(words, search.low - 1) >> 16;
  return bpf_map_lookup_elem(&rules, &rule);
}
// A search touches many cache lines; what is sampled is mostly what was sampled before.
static __always_inline const struct rule* find_rule(struct unwind_state* s, __u64 pc) {
  const __u64 at = pc - s->at.bias;
  const __u64 key = (__u64)s->at.table << 32 | (__u32)at;
  const __u32 place = bpf_get_smp_processor_id() << kCachedRulesBits | (__u32)(key * 0x9e3779b97f4a7c15ull >> (64 - kCachedRulesBits));
  struct cached_rule* cached = s->caches ? bpf_map_lookup_elem(&rule_cache, &place) : 0;
  if (cached && cached->key == key) return &cached->rule;
  const struct rule* found = search_rule(s, at);
  if (found && cached) {
    cached->rule = *found;
    cached->key = key;
  }
  return found;
}

// ---- one sample
static __always_inline __u64 mixed(__u64 hash, __u64 value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
  return hash ^ (hash >> 29);
}

static long user_frame(__u32 i, void* context) {
  struct scratch* scratch = *(struct scratch**)context;
  struct unwind_state* s = &scratch->unwind;
  if (s->frames >= kMaxUserFrames) {
    stop_at(s, kStopTruncated);
    return 1;
  }
  const __u32 at = scratch->record.kernel_frames + s->frames;
  if (at >= kMaxKernelFrames + kMaxUserFrames) return 1;
  scratch->record.frames[at] = s->ip;
  scratch->hash = mixed(scratch->hash, s->ip);
  s->frames++;
  unwind_step(s);
  return s->done != 0;
}

static long hash_kernel_frame(__u32 i, void* context) {
  struct scratch* scratch = *(struct scratch**)context;
  if (i >= kMaxKernelFrames) return 1;
  scratch->hash = mixed(scratch->hash, scratch->record.frames[i]);
  return 0;
}

static __always_inline void user_registers(struct unwind_state* s, const struct pt_regs___kernel* regs) {
#if defined(INVAR_AARCH64)
  s->ip = BPF_CORE_READ(regs, pc);
  s->sp = BPF_CORE_READ(regs, sp);
  s->fp = BPF_CORE_READ(regs, regs[29]);
  s->lr = BPF_CORE_READ(regs, regs[30]);
#else
  s->ip = BPF_CORE_READ(regs, ip);
  s->sp = BPF_CORE_READ(regs, sp);
  s->fp = BPF_CORE_READ(regs, bp);
#endif
}

#include "ebpf/bpf/python.h"

// Counts the stack, and hands it out when it is the first of its kind in this interval.
static __always_inline __u64 count_stack(struct scratch* scratch, const struct control* control, __u32 kind, __u64 samples, __u64 ns) {
  struct stack_record* record = &scratch->record;
  struct count_key key = {.hash = scratch->hash, .tgid = record->tgid, .kind = kind};
  struct count* seen = control->active ? bpf_map_lookup_elem(&counts_b, &key) : bpf_map_lookup_elem(&counts_a, &key);
  if (seen) {
    __sync_fetch_and_add(&seen->samples, samples);
    __sync_fetch_and_add(&seen->ns, ns);
    return key.hash;
  }
  record->type = kRecordStack;
  record->hash = key.hash;
  bpf_get_current_comm(record->comm, sizeof record->comm);
  __u32 frames = record->kernel_frames + record->user_frames + 2 * record->python_frames;
  if (frames > kMaxFrames) frames = kMaxFrames;
  __u32 bytes = __builtin_offsetof(struct stack_record, frames) + frames * 8;
  if (bytes > sizeof *record) return 0;
  // Read in good time: when it is half full; names of an interpreter at once, before its objects go.
  const __u64 wake = record->python_frames > 0 || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > kRingBytes / 2 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
  if (bpf_ringbuf_output(&ring, record, bytes, wake)) {
    add(kLossRing, 1);
    return 0;
  }
  struct count first = {.samples = samples, .ns = ns};
  const long failed = control->active ? bpf_map_update_elem(&counts_b, &key, &first, BPF_NOEXIST)
                                      : bpf_map_update_elem(&counts_a, &key, &first, BPF_NOEXIST);
  if (failed) {
    seen = control->active ? bpf_map_lookup_elem(&counts_b, &key) : bpf_map_lookup_elem(&counts_a, &key);
    if (!seen) {
      add(kLossMapFull, 1);
      return 0;
    }
    __sync_fetch_and_add(&seen->samples, samples);
    __sync_fetch_and_add(&seen->ns, ns);
  }
  return key.hash;
}

static __always_inline void tell(__u32 type, __u32 tgid, __u32 generation) {
  struct event e = {.type = type, .tgid = tgid, .generation = generation};
  bpf_ringbuf_output(&ring, &e, sizeof e, BPF_RB_FORCE_WAKEUP);
}

// A child that still runs its parent's program has the parent's mappings, and is walked by them until user space has looked at it.
// Of two executions neither the file nor the stack's random place are the same.
static __always_inline void inherit(struct process* fresh, struct task_struct* task) {
  const __u32 parent = BPF_CORE_READ(task, real_parent, tgid);
  const struct process* known = bpf_map_lookup_elem(&procs, &parent);
  if (!known || known->state != kProcessProfiled) return;
  if (BPF_CORE_READ(task, mm, exe_file) != BPF_CORE_READ(task, real_parent, mm, exe_file) ||
      BPF_CORE_READ(task, mm, start_stack) != BPF_CORE_READ(task, real_parent, mm, start_stack))
    return;
  fresh->first_mapping = known->first_mapping;
  fresh->mappings = known->mappings;
  fresh->python_head = known->python_head;
  fresh->python = known->python;
}

// The process's entry, made when it is met first. Null: it is not profiled, or there is no room.
static __always_inline struct process* process_of(__u32 tgid, struct task_struct* task) {
  struct process* process = bpf_map_lookup_elem(&procs, &tgid);
  if (process) return process;
  struct process fresh = {.state = kProcessNew};
  inherit(&fresh, task);
  fresh.generation = __sync_fetch_and_add(&generations, 1) + 1;
  if (bpf_map_update_elem(&procs, &tgid, &fresh, BPF_NOEXIST)) {
    process = bpf_map_lookup_elem(&procs, &tgid);
    if (!process) add(kLossProcesses, 1);
    return process;
  }
  struct event e = {.type = kRecordNew, .tgid = tgid, .generation = fresh.generation};
  if (bpf_ringbuf_output(&ring, &e, sizeof e, BPF_RB_FORCE_WAKEUP)) {
    bpf_map_delete_elem(&procs, &tgid);  // the next sample tries again
    add(kLossRing, 1);
    return 0;
  }
  return bpf_map_lookup_elem(&procs, &tgid);
}

// The stack of the current task into the record. `kernel` is how many bytes of kernel addresses are there already.
static __always_inline void take_stack(struct scratch* scratch, struct process* process, struct task_struct* task,
                                       const struct control* control) {
  struct stack_record* record = &scratch->record;
  __u32 kernel = record->kernel_frames;
  if (kernel > kMaxKernelFrames) kernel = kMaxKernelFrames;
  scratch->hash = mixed(0xcbf29ce484222325ull, ((__u64)record->tgid << 32) | process->generation);
  record->generation = process->generation;
  record->user_frames = 0;
  record->python_frames = 0;
  record->stop = kStopComplete;
  record->exact_frame = 0;
  if (control->by_comm) {
    bpf_get_current_comm(record->comm, sizeof record->comm);
    scratch->hash = mixed(scratch->hash, *(__u64*)record->comm);
    scratch->hash = mixed(scratch->hash, *(__u64*)(record->comm + 8));
  }
  bpf_loop(kernel, hash_kernel_frame, &scratch, 0);
  struct unwind_state* s = &scratch->unwind;
  if (s->ip == 0) return;  // a kernel thread
  s->first_mapping = process->first_mapping;
  s->mappings = process->mappings;
  s->exact = 1;
  bpf_loop(kMaxUserFrames + 1, user_frame, &scratch, 0);
  record->user_frames = s->frames;
  record->stop = s->stop;
  record->exact_frame = s->exact_frame;
  scratch->hash = mixed(scratch->hash, ((__u64)s->stop << 16) | s->exact_frame);
  add(kCountFrames, kernel + s->frames);
  if (s->stop == kStopTruncated) add(kCountTruncated, 1);
  if (s->stop == kStopUnknown) add(kCountUnknown, 1);
  if (s->stop == kStopFault) add(kCountFault, 1);
  if (process->python) walk_python(scratch, process, task);
  if (s->unknown_pc) {
    const __u64 now = bpf_ktime_get_ns();
    if (now - process->asked_ns > 100000000ull) {
      process->asked_ns = now;
      tell(kRecordUnknown, record->tgid, process->generation);
    }
  }
}

SEC("perf_event")
int sample(struct bpf_perf_event_data* ctx) {
  const __u64 id = bpf_get_current_pid_tgid();
  const __u32 tgid = id >> 32;
  if (tgid == 0) {
    add(kCountIdle, 1);
    return 0;
  }
  __u32 zero = 0;
  const struct control* control = bpf_map_lookup_elem(&settings, &zero);
  struct scratch* scratch = bpf_map_lookup_elem(&scratches, &zero);
  if (!control || !scratch) return 0;
  if (control->only_pid && control->only_pid != tgid) return 0;
  struct task_struct* task = (struct task_struct*)bpf_get_current_task_btf();
  struct process* process = process_of(tgid, task);
  if (!process) return 0;
  if (process->state == kProcessIgnored) {
    add(kCountIgnored, 1);
    return 0;
  }
  struct stack_record* record = &scratch->record;
  record->tgid = tgid;
  record->tid = (__u32)id;
  record->kernel_frames = 0;
  __builtin_memset(&scratch->unwind, 0, sizeof scratch->unwind);
  scratch->unwind.caches = 1;
  const __u64 interrupted = PT_REGS_IP(&ctx->regs);
  if (interrupted >> 63) {
    if (control->kernel_frames) {
      const long bytes = bpf_get_stack(ctx, record->frames, kMaxKernelFrames * 8, 0);
      if (bytes > 0) record->kernel_frames = (__u32)bytes / 8;
    }
    if (BPF_CORE_READ(task, mm))
      user_registers(&scratch->unwind, (const struct pt_regs___kernel*)bpf_task_pt_regs((void*)task));
  } else {
    scratch->unwind.ip = interrupted;
    scratch->unwind.sp = PT_REGS_SP(&ctx->regs);
    scratch->unwind.fp = PT_REGS_FP(&ctx->regs);
#if defined(INVAR_AARCH64)
    scratch->unwind.lr = ctx->regs.regs[30];
#endif
  }
  take_stack(scratch, process, task, control);
  if (record->kernel_frames == 0 && record->user_frames == 0) return 0;
  add(kCountSamples, 1);
  count_stack(scratch, control, kOnCpu, 1, control->period_ns);
  return 0;
}

// ---- waits
// The thread that leaves its CPU still has its registers and stack here: they are walked now, and the time is added when it is back.
static __always_inline void leaves(void* ctx, struct task_struct* task, const struct control* control) {
  const __u32 tgid = task->tgid, tid = task->pid;
  __u32 one = 1;
  if (tgid == 0 || bpf_get_prandom_u32() > control->off_cpu_chance) return;
  if (control->only_pid && control->only_pid != tgid) return;
  struct process* process = process_of(tgid, task);
  struct scratch* scratch = bpf_map_lookup_elem(&scratches, &one);
  if (!process || process->state == kProcessIgnored || !scratch) return;
  struct stack_record* record = &scratch->record;
  record->tgid = tgid;
  record->tid = tid;
  record->kernel_frames = 0;
  __builtin_memset(&scratch->unwind, 0, sizeof scratch->unwind);
  if (control->kernel_frames) {
    const long bytes = bpf_get_stack(ctx, record->frames, kMaxKernelFrames * 8, 0);
    if (bytes > 0) record->kernel_frames = (__u32)bytes / 8;
  }
  if (task->mm) user_registers(&scratch->unwind, (const struct pt_regs___kernel*)bpf_task_pt_regs((void*)task));
  take_stack(scratch, process, task, control);
  struct waiting waiting = {.tgid = tgid};
  waiting.hash = count_stack(scratch, control, kOffCpu, 0, 0);
  waiting.since_ns = bpf_ktime_get_ns();
  if (waiting.hash) bpf_map_update_elem(&waits, &tid, &waiting, BPF_ANY);
}

static __always_inline void comes_back(__u32 tid, const struct control* control) {
  struct waiting* waiting = bpf_map_lookup_elem(&waits, &tid);
  if (!waiting) return;
  const __u64 ns = bpf_ktime_get_ns() - waiting->since_ns;
  struct count_key key = {.hash = waiting->hash, .tgid = waiting->tgid, .kind = kOffCpu};
  bpf_map_delete_elem(&waits, &tid);
  if (ns < 1000) return;
  struct count* seen = control->active ? bpf_map_lookup_elem(&counts_b, &key) : bpf_map_lookup_elem(&counts_a, &key);
  if (seen) {
    __sync_fetch_and_add(&seen->samples, 1);
    __sync_fetch_and_add(&seen->ns, ns);
    return;
  }
  struct count first = {.samples = 1, .ns = ns};
  const long failed = control->active ? bpf_map_update_elem(&counts_b, &key, &first, BPF_NOEXIST)
                                      : bpf_map_update_elem(&counts_a, &key, &first, BPF_NOEXIST);
  if (failed) add(kLossMapFull, 1);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, _Bool preempted, struct task_struct* from, struct task_struct* to) {
  __u32 zero = 0;
  const struct control* control = bpf_map_lookup_elem(&settings, &zero);
  if (!control) return 0;
  leaves(ctx, from, control);
  comes_back(to->pid, control);
  return 0;
}

// ---- the life of processes
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct* task) {
  const __u32 tgid = task->tgid;
  struct process* process = bpf_map_lookup_elem(&procs, &tgid);
  if (!process) return 0;
  const __u32 generation = process->generation;
  bpf_map_delete_elem(&procs, &tgid);
  tell(kRecordExec, tgid, generation);
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct* task) {
  const __u32 tgid = task->tgid;
  struct process* process = bpf_map_lookup_elem(&procs, &tgid);
  if (!process || BPF_CORE_READ(task, signal, live.counter) != 0) return 0;
  const __u32 generation = process->generation;
  bpf_map_delete_elem(&procs, &tgid);
  tell(kRecordExit, tgid, generation);
  return 0;
}
