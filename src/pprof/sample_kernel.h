// Reading samples: location ids, values and labels become a hash, a row of values and the place of the values
// in the record. The hot loop of delta and validation.
// One plain reader takes everything that is valid. Beside it stand kernels with SIMD for what nearly every
// profile looks like (ids 1..n of at most two bytes); they hand the rare sample to the plain reader. The
// kernel is chosen at run time by what the CPU has, so one binary serves all. How: docs/internals/sample-kernel.md.
// Contract: a built index; kPadding bytes behind the profile; `ids` holds longest_sample() + 64 entries.
// Errors:  false, without words; see inspect().   Threads: kernels are pure, a source has one owner.
#pragma once

#include <cstdint>
#include <span>

#include "pprof/location_keys.h"
#include "pprof/profile_index.h"
#include "pprof/scratch.h"

namespace invar::pprof {

// Where a row came from. Value fields that do not lie together are kIrregular: emitting walks such a sample
// again.
struct RowOrigin {
  static constexpr std::uint16_t kIrregular = 0xffff;
  std::uint32_t sample = 0;
  std::uint16_t values_begin = 0, values_end = 0;  // within the sample's body
};

// Extends the extent of the value fields by one more field at [begin, end) of the body.
[[gnu::always_inline]] inline void extend_values(RowOrigin& origin, bool& seen, std::size_t begin,
                                                 std::size_t end) {
  if (!seen) {
    seen = true;
    origin.values_begin =
        end < RowOrigin::kIrregular ? static_cast<std::uint16_t>(begin) : RowOrigin::kIrregular;
    origin.values_end = static_cast<std::uint16_t>(end);
  } else if (origin.values_begin != RowOrigin::kIrregular && origin.values_end == begin &&
             end < RowOrigin::kIrregular) {
    origin.values_end = static_cast<std::uint16_t>(end);
  } else {
    origin.values_begin = RowOrigin::kIrregular;
  }
}

struct CachedLabel {  // a label body of up to 7 bytes with its length, and its hash; Go's "bytes" = size
                      // repeats
  std::uint64_t body = 0, hash = 0;
};
inline constexpr std::size_t kCachedLabels = 256;

struct SampleSource {
  const std::uint8_t* raw = nullptr;
  const Span* samples = nullptr;
  std::uint32_t columns = 0;
  const IdTable* location_ids = nullptr;
  const std::uint64_t* keys = nullptr;
  LocationKeys* labels = nullptr;
  bool short_ids = false;  // ids are 1..n in order, n < 2^14
  std::uint32_t* ids = nullptr;
  CachedLabel* label_cache = nullptr;
  std::uint64_t references = 0;  // location ids read so far
};

struct RowSink {  // columns of the rows, at the first row to write; `values` has room for 4 more numbers at
                  // its end
  std::uint64_t* hashes;
  std::int64_t* values;
  RowOrigin* origins;
};

struct SampleKernel {
  const char* name;
  bool (*read)(SampleSource& source, std::uint32_t first, std::uint32_t count, RowSink rows);
};

const SampleKernel& best_sample_kernel();
std::span<const SampleKernel> usable_sample_kernels();  // on this CPU, the plain one first

// One sample of any valid form. The plain kernel is a loop over this.
bool read_sample_plain(SampleSource& source, std::uint32_t sample, RowSink row);

}  // namespace invar::pprof
