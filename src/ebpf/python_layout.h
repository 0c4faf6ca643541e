// Where CPython keeps what a profiler needs, by version (64 bit). Pure. Source: docs/behaviour/ebpf.md 8.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ebpf/bpf/layout.h"

namespace invar::ebpf {

struct PythonLayout {
  int minor = 0;  // of 3.x
  bpf::python frames{};
  std::uint32_t runtime_head = 0;  // in _PyRuntime: the first interpreter state
  // In a code object.
  std::uint32_t first_line = 0, file = 0, name = 0, lines = 0, bytecode = 0;
  std::uint32_t ascii_data = 0, unicode_data = 0;  // of text: behind the head of an ASCII one, and of another
  // How groups of frames that C entered end: at a frame, at one that is nothing but the mark, or after each.
  enum class Entry : std::uint8_t { kEveryFrame, kMarkedFrame, kMarkAlone } entry = Entry::kEveryFrame;
};

// Null: not a version that is known. 3.8 to 3.13.
const PythonLayout* python_layout(int minor);
// "libpython3.11.so.1.0", "python3.8": 11, 8.
std::optional<int> python_version(std::string_view file_name);

// The line of the instruction `at`, an offset in bytes into the bytecode; 0: it has none.
std::int64_t python_line(std::string_view table, int minor, std::int64_t first_line, std::int64_t at);

}  // namespace invar::ebpf
