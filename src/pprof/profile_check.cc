#include "pprof/profile_check.h"

#include <algorithm>

#include "pprof/limits.h"

namespace invar::pprof {

bool SampleCheck::run(const ProfileIndex& index, LocationKeys& keys, const SampleKernel& kernel,
                      Summary& summary) {
  std::uint64_t hashes[kBlock];
  RowOrigin origins[kBlock];
  CachedLabel label_cache[kCachedLabels];
  ids_.reserve(index.longest_sample() + 64);
  values_.reserve(std::size_t{kBlock} * index.columns() + 4);
  SampleSource source{.raw = index.raw(),
                      .samples = index.samples().data(),
                      .columns = index.columns(),
                      .location_ids = &index.location_ids(),
                      .keys = keys.keys(),
                      .labels = &keys,
                      .short_ids = index.location_ids().in_order() && index.location_ids().size() < 1u << 14,
                      .ids = ids_.data(),
                      .label_cache = label_cache};
  const auto count = static_cast<std::uint32_t>(index.samples().size());
  bool positive = false;
  for (std::uint32_t first = 0; first < count; first += kBlock) {
    const std::uint32_t block = std::min(kBlock, count - first);
    if (!kernel.read(source, first, block, {hashes, values_.data(), origins})) return false;
    for (std::size_t i = 0; i < std::size_t{block} * index.columns(); ++i) positive |= values_[i] > 0;
  }
  summary.samples = count;
  summary.any_positive_value = positive;
  return true;
}

void SampleCheck::release() {
  ids_.release();
  values_.release();
}

bool ProfileCheck::read(std::string_view raw, const SampleKernel& kernel, Summary& summary) {
  if (raw.size() > kMaxRawBytes) return false;
  if (!index_.build(reinterpret_cast<const std::uint8_t*>(raw.data()),
                    static_cast<std::uint32_t>(raw.size())))
    return false;
  keys_.compute(index_);
  summary = index_.summary();
  return samples_.run(index_, keys_, kernel, summary);
}

Result<Summary> ProfileCheck::run(std::string_view raw, const SampleKernel& kernel) {
  Summary summary;
  const bool valid = read(raw, kernel, summary);
  if (held_bytes() > kKeptScratchBytes) {  // after a refusal too: those are the largest
    index_.release();
    keys_.release();
    samples_.release();
  }
  if (valid) return summary;
  Result<Summary> words = inspect(raw);
  if (words) return fail(ErrorCode::kInternal, "the two profile readers disagree");
  return words;
}

}  // namespace invar::pprof
