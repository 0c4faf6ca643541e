// sample_kernel_simd.inl for x86-64-v3: 256-bit loads, pext and mulx.
#if defined(__x86_64__)
#include <immintrin.h>

#include "pprof/sample_kernel.h"
#include "pprof/stack_hash.h"

#define INVAR_KERNEL kernel_avx2
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt")
#endif
#include "pprof/sample_kernel_simd.inl"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
