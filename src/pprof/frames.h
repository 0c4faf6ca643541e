// FrameTable: what stands for a frame in tables and trees. Locations are reduced to functions, or to functions
// with lines, as `go tool pprof` does: by name, whatever the file. An inlined call is a frame of its own.
// Lifetime: refers to nothing.   Threads: immutable, any.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pprof/merged_profile.h"

namespace invar::pprof {

struct FlameFrame {
  // Of the function; "[libc.so.6]" where only a mapping is known, "<unknown>" where nothing is.
  std::string name;
  std::string file;  // may be empty
  // With kLines: the line of the call; otherwise where the function starts; 0: unknown.
  std::int64_t line = 0;
  bool operator==(const FlameFrame&) const = default;
};

enum class FrameDetail { kFunctions, kLines };

// Keeps a stack when a frame matches `focus` (empty: all do) and none matches `ignore`. Asked once per frame.
using FrameMatch = std::function<bool(const FlameFrame&)>;
struct StackFilter {
  FrameMatch focus, ignore;
};

class FrameTable {
 public:
  FrameTable(const MergedProfile& profile, FrameDetail detail, const StackFilter& filter);

  [[nodiscard]] const std::vector<FlameFrame>& frames() const {
    return frames_;
  }  // 0 is "root", of no location
  [[nodiscard]] std::span<const std::uint32_t> frames_of(MergedId location) const {  // innermost first
    const auto [first, count] = ranges_[location];
    return {pool_.data() + first, count};
  }
  [[nodiscard]] bool keeps(std::span<const MergedId> locations) const;
  [[nodiscard]] std::vector<FlameFrame> take_frames() && { return std::move(frames_); }

 private:
  enum Verdict : std::uint8_t { kPlain = 0, kFocus = 1, kIgnore = 2 };

  std::vector<FlameFrame> frames_;
  std::vector<std::uint8_t> verdicts_;  // of a location: bits of all its frames
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges_;
  std::vector<std::uint32_t> pool_;
  bool has_focus_ = false;
};

// The sample type to show first: the profile's default, else the last, as `go tool pprof` chooses.
std::uint32_t default_type(const MergedHeader& header);

}  // namespace invar::pprof
