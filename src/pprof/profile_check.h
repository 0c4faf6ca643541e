// ProfileCheck: inspect() at the speed of the delta's reader, for bodies that pass through.
// Same verdict, same summary; the words of an error come from inspect() itself.
// Contract: kPadding readable bytes behind `raw`.   Threads: one owner; holds scratch.
#pragma once

#include <cstdint>
#include <string_view>

#include "pprof/location_keys.h"
#include "pprof/profile_index.h"
#include "pprof/sample_kernel.h"

namespace invar::pprof {

// The samples of a profile whose index is built: counts them and looks for a positive value. False: one is
// invalid.
class SampleCheck {
 public:
  bool run(const ProfileIndex& index, LocationKeys& keys, const SampleKernel& kernel, Summary& summary);
  std::size_t held_bytes() const { return ids_.held_bytes() + values_.held_bytes(); }
  void release();

 private:
  static constexpr std::uint32_t kBlock = 32;
  Scratch<std::uint32_t> ids_;
  Scratch<std::int64_t> values_;
};

class ProfileCheck {
 public:
  Result<Summary> run(std::string_view raw, const SampleKernel& kernel = best_sample_kernel());
  std::size_t held_bytes() const { return index_.held_bytes() + keys_.held_bytes() + samples_.held_bytes(); }

 private:
  bool read(std::string_view raw, const SampleKernel& kernel, Summary& summary);

  ProfileIndex index_;
  LocationKeys keys_;
  SampleCheck samples_;
};

// What a worker's scratch keeps for the next profile; beyond this all of it is given back after use.
inline constexpr std::size_t kKeptScratchBytes = 8 << 20;

}  // namespace invar::pprof
