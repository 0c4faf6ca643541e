// FlameTree: the calls of a merged profile as one tree, with self and total of every node for every sample
// type; of a profile with two sides (before, after) with both, for a diff.
// Shape:   nodes in breadth-first order; node 0 is the root above all stacks; the children of a node lie
//          together, by name. Values are in rows of width() numbers: types of side 0, then types of side 1.
// Units:   those of the sample types. `total` of a node is its self and the totals of its children.
// Threads: immutable, any.
#pragma once

#include <cstdint>
#include <vector>

#include "pprof/frames.h"
#include "pprof/merged_profile.h"

namespace invar::pprof {

struct FlameNode {
  std::uint32_t frame = 0;   // in FlameTree::frames
  std::uint32_t parent = 0;  // the root is its own parent
  std::uint32_t first_child = 0, children = 0;
};

struct FlameTree {
  std::vector<SampleType> types;
  std::uint32_t default_type = 0;  // the one to show first
  std::uint32_t sides = 1;         // 2: a diff, side 0 is before and side 1 after
  std::vector<FlameFrame> frames;  // frame 0 is the root's
  std::vector<FlameNode> nodes;    // never empty
  std::vector<std::int64_t> self_values, total_values;

  [[nodiscard]] std::uint32_t width() const { return sides * static_cast<std::uint32_t>(types.size()); }
  [[nodiscard]] std::int64_t self(std::uint32_t node, std::uint32_t type, std::uint32_t side = 0) const {
    return self_values[std::size_t{node} * width() + side * types.size() + type];
  }
  [[nodiscard]] std::int64_t total(std::uint32_t node, std::uint32_t type, std::uint32_t side = 0) const {
    return total_values[std::size_t{node} * width() + side * types.size() + type];
  }
};

FlameTree build_tree(const MergedProfile& profile, FrameDetail detail = FrameDetail::kFunctions,
                     const StackFilter& filter = {});

}  // namespace invar::pprof
