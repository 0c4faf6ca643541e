#include "pprof/sample_kernel.h"

#include "pprof/stack_hash.h"

namespace invar::pprof {

#if defined(__x86_64__)
namespace kernel_ssse3 {
bool read_samples(SampleSource& source, std::uint32_t first, std::uint32_t count, RowSink rows);
}
namespace kernel_avx2 {
bool read_samples(SampleSource& source, std::uint32_t first, std::uint32_t count, RowSink rows);
}
#endif

namespace {

bool read_samples_plain(SampleSource& source, std::uint32_t first, std::uint32_t count, RowSink rows) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const RowSink row{rows.hashes + i, rows.values + std::size_t{i} * source.columns, rows.origins + i};
    if (!read_sample_plain(source, first + i, row)) return false;
  }
  return true;
}

struct Kernels {
  SampleKernel list[3] = {{"plain", read_samples_plain}};
  std::size_t count = 1;

  Kernels() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
        __builtin_cpu_supports("popcnt")) {
      list[count++] = {"ssse3", kernel_ssse3::read_samples};
    }
    // Zen 1 and 2 have pext, but as microcode that is slower than doing without.
    const bool slow_pext = __builtin_cpu_is("znver1") || __builtin_cpu_is("znver2");
    if (count == 2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2") && !slow_pext) {
      list[count++] = {"avx2", kernel_avx2::read_samples};
    }
#endif
  }
};

const Kernels& kernels() {
  static const Kernels all;
  return all;
}

}  // namespace

const SampleKernel& best_sample_kernel() {
  return kernels().list[kernels().count - 1];
}

std::span<const SampleKernel> usable_sample_kernels() {
  return {kernels().list, kernels().count};
}

bool read_sample_plain(SampleSource& source, std::uint32_t sample, RowSink row) {
  const Span span = source.samples[sample];
  const std::uint8_t* const body = source.raw + span.offset;
  PaddedReader in(source.raw, span);
  std::uint32_t* id = source.ids;
  std::uint32_t values = 0;
  std::uint64_t labels = 0;
  bool valid = true, seen_values = false;
  RowOrigin origin{sample, RowOrigin::kIrregular, 0};
  const auto take_id = [&](std::uint64_t value) {
    const std::uint32_t at = source.location_ids->find(value);
    valid &= at != IdTable::kNone;
    *id++ = at + 1;
  };
  const auto take_value = [&](std::uint64_t value) {
    if (values == source.columns) {
      valid = false;
    } else {
      row.values[values++] = static_cast<std::int64_t>(value);
    }
  };
  while (in.more() && valid) {
    const std::uint8_t* const field = in.at;
    switch (const std::uint64_t tag = in.tag()) {
      case 1 << 3:
        take_id(in.varint());
        break;
      case 1 << 3 | 2: {
        PaddedReader packed = in.message();
        while (packed.more()) take_id(packed.varint());
        valid &= !packed.failed;
        break;
      }
      case 2 << 3:
        take_value(in.varint());
        extend_values(origin, seen_values, static_cast<std::size_t>(field - body),
                      static_cast<std::size_t>(in.at - body));
        break;
      case 2 << 3 | 2: {
        PaddedReader packed = in.message();
        while (packed.more()) take_value(packed.varint());
        valid &= !packed.failed;
        extend_values(origin, seen_values, static_cast<std::size_t>(field - body),
                      static_cast<std::size_t>(in.at - body));
        break;
      }
      case 3 << 3 | 2:
        labels += source.labels->label(in.message(), valid);
        break;
      default:
        valid &= tag >> 3 > 3;
        in.skip(tag);
    }
  }
  if (in.failed || !valid || values != source.columns) return false;
  const auto count = static_cast<std::uint32_t>(id - source.ids);
  for (int i = 0; i < 3; ++i) *id++ = 0;
  *row.hashes = hash_stack(source.keys, source.ids, count, labels);
  *row.origins = origin;
  source.references += count;
  return true;
}

}  // namespace invar::pprof
