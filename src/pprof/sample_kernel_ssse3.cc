// sample_kernel_simd.inl for x86-64 of 2008 and later.
#if defined(__x86_64__)
#include <immintrin.h>

#include "pprof/sample_kernel.h"
#include "pprof/stack_hash.h"

#define INVAR_KERNEL kernel_ssse3
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("ssse3,sse4.1,popcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("ssse3,sse4.1,popcnt")
#endif
#include "pprof/sample_kernel_simd.inl"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
