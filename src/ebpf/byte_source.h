// ByteSource: bytes of a file that somebody else may change or have crafted: read piece by piece, never mapped (a file that is cut
// while it is mapped kills the reader). Threads: any, one reader at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/unique_fd.h"

namespace invar::ebpf {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // All of them, or false.
  virtual bool read(std::uint64_t offset, void* out, std::size_t bytes) const = 0;
  // Of the open file; -1 when it is none.
  [[nodiscard]] virtual int descriptor() const { return -1; }

  template <class T>
  bool read_value(std::uint64_t offset, T& out) const {
    return read(offset, &out, sizeof out);
  }
  // "" when they are not all there.
  [[nodiscard]] std::string bytes(std::uint64_t offset, std::size_t count) const;
};

class FileBytes final : public ByteSource {
 public:
  explicit FileBytes(UniqueFd fd);
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  bool read(std::uint64_t offset, void* out, std::size_t bytes) const override;
  [[nodiscard]] int descriptor() const override { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::uint64_t size_ = 0;
};

class MemoryBytes final : public ByteSource {
 public:
  explicit MemoryBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  bool read(std::uint64_t offset, void* out, std::size_t bytes) const override;

 private:
  std::string bytes_;
};

}  // namespace invar::ebpf
