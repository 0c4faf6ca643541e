// TopTable: self and total of every frame of a merged profile. Self counts the stacks in which the frame is the
// innermost, total those in which it is at all, once however often.
// Shape:   row i is frame i; values in rows of width() numbers: types of side 0, then types of side 1.
// Threads: immutable, any.
#pragma once

#include <cstdint>
#include <vector>

#include "pprof/frames.h"
#include "pprof/merged_profile.h"

namespace invar::pprof {

struct TopTable {
  std::vector<SampleType> types;
  std::uint32_t sides = 1;
  std::vector<FlameFrame> frames;  // frame 0 is the root's: its total is that of all stacks kept
  std::vector<std::int64_t> self_values, total_values;

  [[nodiscard]] std::uint32_t width() const { return sides * static_cast<std::uint32_t>(types.size()); }
  [[nodiscard]] std::int64_t self(std::uint32_t frame, std::uint32_t type, std::uint32_t side = 0) const {
    return self_values[std::size_t{frame} * width() + side * types.size() + type];
  }
  [[nodiscard]] std::int64_t total(std::uint32_t frame, std::uint32_t type, std::uint32_t side = 0) const {
    return total_values[std::size_t{frame} * width() + side * types.size() + type];
  }
};

TopTable build_top(const MergedProfile& profile, FrameDetail detail = FrameDetail::kFunctions,
                   const StackFilter& filter = {});

}  // namespace invar::pprof
