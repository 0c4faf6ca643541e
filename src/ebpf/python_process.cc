#include "ebpf/python_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ebpf/process.h"
#include "ebpf/symbol_table.h"

namespace invar::ebpf {

std::unique_ptr<PythonProcess> PythonProcess::find(int pid, const std::vector<MappedBinary>& mappings,
                                                   std::string& note, int& looks) {
  for (const MappedBinary& mapped : mappings) {
    const std::string_view path = mapped.line.path;
    const auto minor = python_version(path.substr(path.rfind('/') + 1));
    if (!minor || !mapped.binary) continue;
    if (++looks > kMaxLooks) return nullptr;
    const ElfFile* file = mapped.binary->file(pid, mapped.line);
    if (file == nullptr) continue;
    const ElfFile& elf = *file;
    const auto runtime = lookup_symbol(elf, "_PyRuntime");
    if (!runtime) continue;  // a program beside its library
    const PythonLayout* layout = python_layout(*minor);
    const auto type = lookup_symbol(elf, "PyCode_Type");
    const auto loop = lookup_symbol(elf, "_PyEval_EvalFrameDefault");
    if (layout == nullptr || !type || !loop) {
      note = fmt::format("Python 3.{} is not unwound", *minor);
      continue;
    }
    auto found =
        std::unique_ptr<PythonProcess>(new PythonProcess(pid, *layout, mapped.bias + type->st_value));
    found->head_ = mapped.bias + runtime->st_value + layout->runtime_head;
    const auto add = [&](const Elf64_Sym& symbol) {
      const std::uint64_t start = mapped.bias + symbol.st_value;
      found->loop_.push_back({start, start + symbol.st_size});
    };
    add(*loop);
    // What a compiler has put aside as rarely used.
    if (const auto cold = lookup_symbol(elf, "_PyEval_EvalFrameDefault.cold")) add(*cold);
    return found;
  }
  return nullptr;
}

bool PythonProcess::in_loop(std::uint64_t address) const {
  return std::ranges::any_of(loop_,
                             [address](const Range& r) { return address >= r.start && address < r.end; });
}

bool PythonMerger::only_calls(const Frame& frame) {
  static constexpr std::array<std::string_view, 14> kNames = {
      "function_code_fastcall", "call_function",       "_PyEval_Vector",           "_PyEval_EvalFrame",
      "_PyEval_EvalCode",       "PyEval_EvalFrameEx",  "_PyEval_EvalCodeWithName", "_PyFunction_Vectorcall",
      "_PyObject_Vectorcall",   "PyObject_Vectorcall", "_PyObject_FastCall",       "_PyFunction_FastCallDict",
      "method_vectorcall",      "do_call_core"};
  return frame.place && !frame.place->lines.empty() &&
         std::ranges::find(kNames, frame.place->lines[0].system_name) != kNames.end();
}

void PythonMerger::loop_frame(std::vector<Frame>& out) {
  using Entry = PythonLayout::Entry;
  while (at_ < frames_.size()) {
    const PythonFrame& frame = frames_[at_++];
    const bool mark = frame.entered && entry_ == Entry::kMarkAlone;
    if (!mark && frame.place) {
      out.push_back({.place = frame.place, .module = nullptr, .address = 0});
      shown_ = true;
    }
    if (mark || entry_ == Entry::kEveryFrame || (frame.entered && entry_ == Entry::kMarkedFrame)) return;
  }
}

}  // namespace invar::ebpf
