// ByteCursor: reads numbers of a byte string in order. Past the end it gives zeros and says so: a parser checks ok() once per
// record. Little-endian. Threads: any; pure.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace invar::ebpf {

class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes, std::size_t at = 0) : bytes_(bytes), at_(at) {
    if (at_ > bytes_.size()) spoil();
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return at_ >= bytes_.size(); }
  [[nodiscard]] std::size_t at() const { return at_; }

  template <class T>
  T number() {
    T value{};
    if (bytes_.size() - at_ < sizeof value) {
      spoil();
      return value;
    }
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::uint64_t uleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = number<std::uint8_t>();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      if ((byte & 0x80) == 0 || !ok_) return value;
    }
  }
  std::int64_t sleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;;) {
      const auto byte = number<std::uint8_t>();
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      shift += 7;
      if ((byte & 0x80) != 0 && ok_) continue;
      if ((byte & 0x40) != 0 && shift < 64) value |= ~std::uint64_t{0} << shift;
      return static_cast<std::int64_t>(value);
    }
  }
  std::string_view text() {  // up to a zero byte, which is skipped
    const std::size_t end = bytes_.find('\0', at_);
    if (end == std::string_view::npos) {
      spoil();
      return {};
    }
    const std::string_view out = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return out;
  }
  std::string_view bytes(std::uint64_t count) {
    if (count > bytes_.size() - at_) {
      spoil();
      return {};
    }
    const std::string_view out = bytes_.substr(at_, count);
    at_ += count;
    return out;
  }
  void skip(std::uint64_t count) { (void)bytes(count); }

 private:
  void spoil() {
    ok_ = false;
    at_ = bytes_.size();
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace invar::ebpf
