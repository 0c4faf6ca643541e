// The frames of CPython, of the thread that runs. docs/behaviour/ebpf.md 8.
#ifndef INVAR_EBPF_BPF_PYTHON_H_
#define INVAR_EBPF_BPF_PYTHON_H_

struct thread_search {
  __u64 state, id;
  const struct python* python;
  __u32 found;
};
static long thread_search_step(__u32 i, void* context) {
  struct thread_search* s = context;
  __u64 id = 0;
  if (s->state == 0) return 1;
  if (read_word(s->state + s->python->thread_id, &id)) {
    s->state = 0;
    return 1;
  }
  if (id == s->id) {
    s->found = 1;
    return 1;
  }
  if (read_word(s->state + s->python->thread_next, &s->state)) s->state = 0;
  return 0;
}

struct python_walk {
  struct scratch* scratch;
  const struct python* python;
  __u64 frame;
};
static long python_frame(__u32 i, void* context) {
  struct python_walk* w = context;
  const struct python* p = w->python;
  __u64 code = 0, last = 0;
  __u8 entry = 0;
  struct stack_record* record = &w->scratch->record;
  if (w->frame == 0) return 1;
  if (read_word(w->frame + p->frame_code, &code) || read_word(w->frame + p->frame_last, &last)) return 1;
  if (p->has_entry) {
    if (bpf_probe_read_user(&entry, 1, (const void*)(w->frame + p->frame_entry))) return 1;
    // Bit 63 marks a frame that C entered.
    if (entry == p->entry_value) code |= 1ull << 63;
  }
  const __u32 n = record->python_frames;
  if (n >= kMaxPythonFrames) {
    record->stop = kStopTruncated;
    return 1;
  }
  const __u32 at = record->kernel_frames + record->user_frames + 2 * n;
  if (at >= kMaxFrames - 1) return 1;
  record->frames[at] = code;
  record->frames[at + 1] = last;
  record->python_frames = n + 1;
  w->scratch->hash = mixed(mixed(w->scratch->hash, code), last);
  if (read_word(w->frame + p->frame_back, &w->frame)) return 1;
  return 0;
}

static __always_inline void walk_python(struct scratch* scratch, const struct process* process,
                                        struct task_struct* task) {
  const __u32 slot = process->python - 1;
  const struct python* python = bpf_map_lookup_elem(&pythons, &slot);
  if (!python) return;
  struct thread_search search = {.python = python};
#if defined(INVAR_AARCH64)
  search.id = BPF_CORE_READ(task, thread.uw.tp_value);
#else
  search.id = BPF_CORE_READ(task, thread.fsbase);
#endif
  __u64 interpreter = 0;
  if (read_word(process->python_head, &interpreter) || interpreter == 0 ||
      read_word(interpreter + python->interpreter_threads, &search.state)) {
    add(kCountPythonLost, 1);
    return;
  }
  bpf_loop(kMaxThreadsSearched, thread_search_step, &search, 0);
  if (!search.found) {
    if (search.state != 0) add(kCountPythonLost, 1);  // it has more threads than are searched
    return;
  }
  struct python_walk frames = {.scratch = scratch, .python = python};
  if (read_word(search.state + python->thread_frame, &frames.frame)) return;
  if (python->has_cframe &&
      (frames.frame == 0 || read_word(frames.frame + python->cframe_frame, &frames.frame)))
    return;
  bpf_loop(kMaxPythonFrames + 1, python_frame, &frames, 0);
}

#endif
