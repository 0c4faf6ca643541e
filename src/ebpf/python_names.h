// PythonNames: functions and lines of one Python process, from its code objects.
// Bounds:  kMaxCodes code objects, texts of kMaxText and tables of kMaxTable bytes. What is no code object any more has no name.
// Threads: one owner; reading the process's memory blocks.  Source: docs/behaviour/ebpf.md 8.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "ebpf/place.h"
#include "ebpf/python_layout.h"

namespace invar::ebpf {

struct PythonFrame {
  PlacePtr place;        // null: it has no name
  bool entered = false;  // marked as entered from C
};

class PythonNames {
 public:
  static constexpr std::size_t kMaxCodes = 1 << 14;
  static constexpr std::size_t kMaxText = 1024;
  static constexpr std::size_t kMaxTable = 1 << 20;
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20;  // of all that is kept of one process
  static constexpr std::size_t kMaxPlaces = 1 << 14;               // of one code object

  // `code_type`: the address of PyCode_Type in the process.
  PythonNames(int pid, const PythonLayout& layout, std::uint64_t code_type)
      : pid_(pid), layout_(layout), code_type_(code_type) {}

  // Of pairs {code object, last instruction}, as the kernel gives them.
  std::vector<PythonFrame> names(std::span<const std::uint64_t> pairs);
  [[nodiscard]] const PythonLayout& layout() const { return layout_; }

 private:
  struct Code {
    std::string head;  // of the object when it was read: another head is another object
    std::string name, file;
    std::int64_t first_line = 0;
    std::string lines;
    std::unordered_map<std::uint64_t, PlacePtr> places;
  };
  Code* code_at(std::uint64_t address);
  [[nodiscard]] std::string text_at(std::uint64_t address) const;
  [[nodiscard]] std::string bytes_at(std::uint64_t address) const;

  const int pid_;
  const PythonLayout& layout_;
  const std::uint64_t code_type_;
  std::unordered_map<std::uint64_t, Code> codes_;
  std::size_t bytes_ = 0;  // of their texts and tables
};

}  // namespace invar::ebpf
