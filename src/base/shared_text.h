// SharedText: an immutable text that many hold for the price of a pointer; what is equal need not be the same object.
// common() finds a short text that this thread made or asked for not long ago, so that what repeats (names of labels, images, "true")
// is kept once; a thread remembers at most kRemembered texts of at most kLongestCommon bytes. Copy: a reference count. Threads: any.
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace invar {

class SharedText {
 public:
  static constexpr std::size_t kRemembered = 4096;
  static constexpr std::size_t kLongestCommon = 128;

  SharedText() = default;
  SharedText(std::string_view text);
  SharedText(const std::string& text) : SharedText(std::string_view(text)) {}
  SharedText(const char* text) : SharedText(std::string_view(text)) {}
  static SharedText common(std::string_view text);

  SharedText(const SharedText& other) : data_(other.data_) {
    if (data_) data_->uses.fetch_add(1, std::memory_order_relaxed);
  }
  SharedText(SharedText&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~SharedText() {
    if (data_ && data_->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) free_data();
  }

  [[nodiscard]] std::string_view view() const {
    return data_ ? std::string_view(data_->text(), data_->size) : std::string_view();
  }
  operator std::string_view() const { return view(); }
  [[nodiscard]] bool empty() const { return data_ == nullptr; }

  friend bool operator==(const SharedText& a, const SharedText& b) {
    return a.data_ == b.data_ || a.view() == b.view();
  }
  friend bool operator==(const SharedText& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const SharedText& a, const std::string& b) { return a.view() == b; }
  friend bool operator==(const SharedText& a, const char* b) { return a.view() == b; }
  friend auto operator<=>(const SharedText& a, const SharedText& b) { return a.view() <=> b.view(); }

 private:
  // The bytes of the text stand right behind it.
  struct Data {
    std::atomic<std::uint32_t> uses;
    std::uint32_t size;
    [[nodiscard]] const char* text() const { return reinterpret_cast<const char*>(this + 1); }
  };
  void free_data();

  Data* data_ = nullptr;
};

}  // namespace invar
