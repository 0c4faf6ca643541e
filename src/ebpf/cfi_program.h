// CfiProgram: runs the call frame instructions of one function and writes a row wherever the rule changes.
// Errors:  an instruction that is not understood ends the function: the rest has no rule. Expressions are understood in the forms
//          that compilers and C libraries use: a register plus a number, that read once, and the one of procedure linkage tables.
// Threads: any; pure.  Source: docs/behaviour/ebpf.md 7.4; DWARF 5, 6.4.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ebpf/cfi.h"

namespace invar::ebpf {

struct CfiCommon {
  std::uint64_t code_factor = 1;
  std::int64_t data_factor = 1;
  std::uint64_t ra_register = 16;
  bool signal_frame = false;
};

class CfiProgram {
 public:
  static constexpr std::size_t kMaxDepth = 32;

  CfiProgram(const CfiCommon& common, Machine machine) : common_(common), machine_(machine) {}

  // Rows go to `rows` (null: a CIE's own instructions, which give none).
  void run(std::string_view program, std::uint64_t address, std::vector<UnwindRow>* rows);
  void keep_initial() { initial_ = state_; }
  // The last row, and the end of the function.
  void finish(std::uint64_t start, std::uint64_t range, std::vector<UnwindRow>& rows);
  [[nodiscard]] std::uint64_t not_understood() const { return not_understood_; }

 private:
  struct Place {
    enum class Kind : std::uint8_t { kSame, kUndefined, kAtCfa, kAtRegister, kUnknown } kind = Kind::kSame;
    std::int64_t offset = 0;
    std::uint64_t reg = 0;
  };
  struct State {
    bool cfa_known = false, cfa_deref = false, cfa_plt = false;
    std::uint64_t cfa_register = 0;
    std::int64_t cfa_offset = 0, cfa_add = 0;
    Place fp, ra;
  };

  bool step(class ByteCursor& in);
  bool extended(class ByteCursor& in, std::uint8_t code);
  void set(std::uint64_t reg, Place place);
  void restore(std::uint64_t reg);
  void set_cfa_expression(std::string_view expression);
  void write_row();
  [[nodiscard]] bpf::rule rule();
  // A factored offset; one that nobody writes wraps.
  [[nodiscard]] std::int64_t scaled(std::uint64_t offset) const {
    return static_cast<std::int64_t>(offset * static_cast<std::uint64_t>(common_.data_factor));
  }
  [[nodiscard]] std::uint64_t fp_register() const { return machine_ == Machine::kX86_64 ? 6 : 29; }
  [[nodiscard]] std::uint64_t sp_register() const { return machine_ == Machine::kX86_64 ? 7 : 31; }

  const CfiCommon& common_;
  const Machine machine_;
  State state_, initial_;
  std::vector<State> remembered_;
  std::vector<UnwindRow>* rows_ = nullptr;
  std::uint64_t address_ = 0;
  std::uint64_t not_understood_ = 0;
  bool broken_ = false;
};

}  // namespace invar::ebpf
