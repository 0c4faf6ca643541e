// Cursor: reads the numbers of a recording from a piece of it. JFR has its own varint: at most 9 bytes, the ninth with 8 bits.
// Errors:  sticky. A cursor that would leave its piece stands at the end with failed() set; numbers read after that are 0.
// Threads: one owner.  Lifetime: the bytes outlive the cursor.
#pragma once

#include <cstdint>
#include <string_view>

namespace invar::jfr {

class Cursor {
 public:
  Cursor() = default;
  explicit Cursor(std::string_view bytes, std::size_t at = 0)
      : begin_(reinterpret_cast<const std::uint8_t*>(bytes.data())),
        at_(begin_ + (at < bytes.size() ? at : bytes.size())),
        end_(begin_ + bytes.size()) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool more() const { return at_ < end_; }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] std::uint32_t offset() const { return static_cast<std::uint32_t>(at_ - begin_); }

  [[gnu::always_inline]] std::uint64_t varint() {
    if (at_ < end_ && *at_ < 0x80) [[likely]]
      return *at_++;
    return long_varint();
  }
  [[gnu::always_inline]] std::uint8_t byte() {
    if (at_ == end_) [[unlikely]]
      return fail(), 0;
    return *at_++;
  }
  [[gnu::always_inline]] void skip(std::uint64_t bytes) {
    if (bytes > left()) [[unlikely]]
      return fail();
    at_ += bytes;
  }
  std::string_view bytes(std::uint64_t size) {
    const auto* from = reinterpret_cast<const char*>(at_);
    skip(size);
    return failed_ ? std::string_view() : std::string_view(from, size);
  }
  // A big-endian number of `size` bytes, as in a chunk's header.
  std::uint64_t fixed(unsigned size) {
    std::uint64_t value = 0;
    while (size-- > 0) value = value << 8 | byte();
    return value;
  }
  void fail() {
    at_ = end_;
    failed_ = true;
  }

 private:
  std::uint64_t long_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 56; shift += 7) {
      const std::uint8_t next = byte();
      value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    return value | static_cast<std::uint64_t>(byte()) << 56;
  }

  const std::uint8_t* begin_ = nullptr;
  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
  bool failed_ = false;
};

}  // namespace invar::jfr
