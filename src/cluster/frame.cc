#include "cluster/frame.h"

#include <cstdint>

#include "cluster/big_endian.h"

namespace invar::cluster {
namespace {

constexpr char kShort = '\xcc', kLong = '\xcd';

}  // namespace

void append_frame(std::string& out, std::string_view data) {
  const bool is_long = data.size() > 0xffff;
  out += is_long ? kLong : kShort;
  append_big_endian(out, data.size(), is_long ? 4 : 2);
  out += data;
}

FrameReader::Next FrameReader::next(std::string& data) {
  if (buffer_.empty()) return Next::kNeedsMore;
  if (buffer_[0] != kShort && buffer_[0] != kLong) return Next::kBad;
  const std::size_t head = buffer_[0] == kShort ? 3 : 5;
  if (buffer_.size() < head) return Next::kNeedsMore;
  std::uint32_t length = 0;
  for (std::size_t i = 1; i < head; ++i) length = length << 8 | static_cast<unsigned char>(buffer_[i]);
  if (length > max_frame_) return Next::kBad;
  if (buffer_.size() - head < length) return Next::kNeedsMore;
  data = buffer_.substr(head, length);
  buffer_.erase(0, head + length);
  return Next::kFrame;
}

}  // namespace invar::cluster
