// The allocator's settings, read by jemalloc when the process starts; MALLOC_CONF in the environment overrides them.
// background_thread, decay: memory freed after a burst goes back to the system within seconds, and not on our threads.
// prof: heap profiles (/debug/pprof/heap, allocs). One allocation in 512 KiB is recorded (2^19, as Go does), and what was
// ever allocated is kept per stack. Measured: 1 MB, and 2 % of the CPU of a loop that does nothing but allocate.
// An allocator that is built without them (cmake/heap_profiles.cmake) would complain about the setting at every start.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
#if INVAR_HEAP_PROFILES
    "prof:true,prof_active:true,prof_accum:true,lg_prof_sample:19,"
#endif
    "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:1000";
}
