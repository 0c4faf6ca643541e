// PythonProcess: a CPython found in a process: where its frames are, and which native frames they stand for.
// Threads: one at a time.  Source: docs/behaviour/ebpf.md 8.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ebpf/place.h"
#include "ebpf/python_names.h"

namespace invar::ebpf {

struct MappedBinary;

class PythonProcess {
 public:
  static constexpr int kMaxLooks = 16;

  // By the names of the mapped files, kMaxLooks of them in a process's life, which `looks` counts. Null: there is none, or not of a version
  // that is known, which `note` then says.
  static std::unique_ptr<PythonProcess> find(int pid, const std::vector<MappedBinary>& mappings,
                                             std::string& note, int& looks);

  [[nodiscard]] const PythonLayout& layout() const { return names_.layout(); }
  [[nodiscard]] std::uint64_t head() const {
    return head_;
  }  // address that holds the first interpreter state
  [[nodiscard]] bool in_loop(std::uint64_t address) const;  // where bytecode is executed
  std::vector<PythonFrame> names(std::span<const std::uint64_t> pairs) { return names_.names(pairs); }

 private:
  struct Range {
    std::uint64_t start, end;
  };
  PythonProcess(int pid, const PythonLayout& layout, std::uint64_t code_type)
      : names_(pid, layout, code_type) {}

  PythonNames names_;
  std::uint64_t head_ = 0;
  std::vector<Range> loop_;
};

// Native frames with those of Python in their places: each run of the loop that executes bytecode becomes the functions that it
// executed; what called the outermost run is left out. Pure.
class PythonMerger {
 public:
  PythonMerger(const PythonLayout& layout, std::vector<PythonFrame> frames)
      : entry_(layout.entry), frames_(std::move(frames)) {}
  // At a native frame of the loop: the functions that it executed.
  void loop_frame(std::vector<Frame>& out);
  // Where the native stack ends for its length: the functions that are left, without the C functions between them.
  void rest(std::vector<Frame>& out) {
    while (at_ < frames_.size()) loop_frame(out);
  }
  // A C function that does nothing but call from one Python function to the next.
  static bool only_calls(const Frame& frame);
  // Everything has been shown: what is left of the native stack is the interpreter's start.
  [[nodiscard]] bool finished() const { return shown_ && at_ >= frames_.size(); }

 private:
  const PythonLayout::Entry entry_;
  std::vector<PythonFrame> frames_;
  std::size_t at_ = 0;
  bool shown_ = false;
};

}  // namespace invar::ebpf
