// Merger: adds profiles, as they were received, to a MergedProfile.
// Shape:   one walk per profile with ids of the profile translated once; nothing is allocated per sample.
// Errors:  kInvalidArgument with the place in words for a damaged profile, kDataLoss for damaged gzip,
//          kUnsupported for other sample types than those before it, kNotFound for the lack of the one asked
//          for; then nothing of the profile was added.
// Threads: one owner; it holds scratch. Merge parts on several threads, then absorb() them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "pprof/merged_profile.h"

namespace invar::pprof {

struct MergeOptions {
  // "cpu" or "cpu:nanoseconds": only the column of this type is kept, so that profiles may differ in the
  // others. Empty: all.
  std::string sample_type;
  std::uint64_t limit_bytes = std::uint64_t{1} << 30;  // of one uncompressed profile
};

class Merger {
 public:
  explicit Merger(MergeOptions options = {}, std::uint32_t sides = 1);
  ~Merger();
  Merger(Merger&&) noexcept;

  // `body` is gzip or plain. `order` is the place among all profiles of the merge: lower ones come first in
  // what is written.
  Result<> add(std::string_view body, std::uint32_t order, std::uint32_t side = 0);

  [[nodiscard]] const MergedProfile& merged() const;
  [[nodiscard]] MergedProfile take() &&;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "type" or "type:unit".
bool is_sample_type(const SampleType& type, std::string_view wanted);

}  // namespace invar::pprof
