// Writes log lines to a descriptor without waiting for ever: when nobody reads the pipe, lines are dropped
// and counted, and the first line that fits again is preceded by a notice. Threads: the caller serialises.
// Errors: none reach the caller.
#pragma once

#include <cstdint>
#include <string_view>

namespace invar::log {

class DescriptorWriter {
 public:
  // `patience_ms`: how long one line may wait for a reader that is only slow.
  explicit DescriptorWriter(int fd, int patience_ms = 250) : fd_(fd), patience_ms_(patience_ms) {}

  void write(std::string_view line);
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  bool put(std::string_view text, int patience_ms);

  int fd_;
  int patience_ms_;
  bool stuck_ = false;     // the last line was dropped: do not wait again before something was read
  bool mid_line_ = false;  // a part of a line was written: finish it with a newline first
  std::uint64_t dropped_ = 0;
  std::uint64_t announced_ = 0;
};

}  // namespace invar::log
