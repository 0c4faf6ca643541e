// Frames: how packets and pieces of streams lie in HTTP bodies. CC and two bytes of length, or CD and four; big-endian.
// Spec: clustering.md 5.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace invar::cluster {

void append_frame(std::string& out, std::string_view data);

class FrameReader {
 public:
  enum class Next { kFrame, kNeedsMore, kBad };
  explicit FrameReader(std::size_t max_frame) : max_frame_(max_frame) {}

  void feed(std::string_view bytes) { buffer_ += bytes; }
  Next next(std::string& data);
  [[nodiscard]] bool between_frames() const { return buffer_.empty(); }

 private:
  const std::size_t max_frame_;
  std::string buffer_;
};

}  // namespace invar::cluster
