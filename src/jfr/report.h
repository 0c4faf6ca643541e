// Report: what a reading left out, and why. Nothing is left out without being counted here.
#pragma once

#include <cstdint>
#include <string>

namespace invar::jfr {

struct Report {
  std::uint64_t chunks = 0;
  std::uint64_t events = 0;            // whole ones of all types
  std::uint64_t truncated_chunks = 0;  // not finished, cut off, or followed by what is no chunk
  std::uint64_t damaged_chunks = 0;    // metadata or constants could not be read, wholly or in part
  std::uint64_t damaged_events = 0;    // of a type that cannot be read, or with fields beyond their size
  std::uint64_t without_stack = 0;     // samples whose stack trace is null or unknown: not in any profile
  std::uint64_t unknown_frames = 0;    // left out of their stacks, as their method or class is unknown
  std::uint64_t cut_stacks = 0;        // deeper than kMaxStackDepth
  std::uint64_t over_limit = 0;        // events, constants, stacks or samples above a limit
  bool operator==(const Report&) const = default;

  // "chunks cut off: 2, samples without a stack trace: 3"; empty when nothing was left out.
  [[nodiscard]] std::string losses() const;
};

}  // namespace invar::jfr
