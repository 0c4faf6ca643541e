#include "cluster/lzw.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace invar::cluster {
namespace {

constexpr unsigned kClear = 256, kEnd = 257, kNone = 4096;
constexpr unsigned kFirstWidth = 9, kLastWidth = 12;

std::unexpected<Error> damaged() {
  return fail(ErrorCode::kDataLoss, "damaged LZW data");
}

class Table {
 public:
  void clear() {
    width_ = kFirstWidth;
    highest_ = kEnd;
    last_ = kNone;
  }
  [[nodiscard]] unsigned width() const { return width_; }

  // Appends what `code`, neither kClear nor kEnd, stands for; false for one that stands for nothing.
  bool take(unsigned code, std::string& out) {
    const bool full = highest_ == kNone - 1 && last_ == kNone;
    if (code > highest_ || (code == highest_ && last_ == kNone && !full)) return false;
    const std::size_t begin = out.size();
    unsigned c = code;
    // The string that is just being made: the last one and its own first byte again.
    const bool unfinished = code == highest_ && !full;
    if (unfinished) c = last_;
    for (; c > kEnd; c = prefix_[c]) out += static_cast<char>(suffix_[c]);
    const char first = static_cast<char>(c);
    out += first;
    std::reverse(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end());
    if (unfinished) out += first;
    if (last_ != kNone) {
      suffix_[highest_] = static_cast<unsigned char>(first);
      prefix_[highest_] = static_cast<std::uint16_t>(last_);
    }
    last_ = code;
    if (++highest_ < 1U << width_) return true;
    if (width_ < kLastWidth) {
      ++width_;
    } else {
      last_ = kNone;  // full: no new strings until it is cleared
      --highest_;
    }
    return true;
  }

 private:
  unsigned width_ = kFirstWidth;
  unsigned highest_ = kEnd;  // the code that the next string gets
  unsigned last_ = kNone;
  std::array<std::uint16_t, 4096> prefix_{};
  std::array<unsigned char, 4096> suffix_{};
};

}  // namespace

Result<std::string> lzw_decompress(std::string_view bytes, std::size_t max_bytes) {
  std::string out;
  Table table;
  std::uint32_t bits = 0;
  unsigned have = 0;
  for (const char byte : bytes) {
    bits |= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << have;
    have += 8;
    if (have < table.width()) continue;
    const unsigned code = bits & ((1U << table.width()) - 1);
    bits >>= table.width();
    have -= table.width();
    if (code == kEnd) return out;
    if (code == kClear) {
      table.clear();
    } else if (!table.take(code, out)) {
      return damaged();
    }
    if (out.size() > max_bytes) return fail(ErrorCode::kResourceExhausted, "compressed data is too large");
  }
  return damaged();  // without an end
}

}  // namespace invar::cluster
