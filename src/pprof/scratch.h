// Scratch<T>: a worker's growing array of plain values. Never initialised, never shrinks by itself, no work
// per element. The owner releases it after an unusually large profile.   Threads: one owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "base/check.h"

namespace invar::pprof {

template <class T>
class Scratch {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::free(data_); }

  // Room for `count` elements; what is in the array stays.
  void reserve(std::size_t count) {
    if (count > capacity_) [[unlikely]]
      grow(count);
  }
  void fill_zero(std::size_t count) {
    reserve(count);
    if (count > 0) std::memset(static_cast<void*>(data_), 0, count * sizeof(T));
    size_ = count;
  }
  void push(const T& value) {
    reserve(size_ + 1);
    data_[size_++] = value;
  }
  void clear() { size_ = 0; }
  void set_size(std::size_t size) { size_ = size; }
  void release() {
    std::free(data_);
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t held_bytes() const { return capacity_ * sizeof(T); }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

 private:
  [[gnu::noinline, gnu::cold]] void grow(std::size_t count) {
    const std::size_t wanted = std::max(count, capacity_ + capacity_ / 2 + 64);
    void* const data = std::realloc(static_cast<void*>(data_), wanted * sizeof(T));
    INVAR_CHECK(data != nullptr, "out of memory");
    data_ = static_cast<T*>(data);
    capacity_ = wanted;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace invar::pprof
