// GoTable: what Go programs carry about themselves, also stripped ones (.gopclntab): functions, files, lines, and how deep the stack is
// at each instruction. Of Go 1.16 and newer.
// Bounds:  kMaxFunctions; every offset is checked. Threads: any; a value over bytes that it keeps.
// Source:  docs/behaviour/ebpf.md 7.4, 7.6.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ebpf/cfi.h"

namespace invar::ebpf {

class GoTable {
 public:
  static constexpr std::size_t kMaxFunctions = 1 << 20;

  // `text`: where the file wants .text, for tables that do not say.
  static Result<GoTable> parse(std::string bytes, std::uint64_t text);

  struct Function {
    std::string_view name;
    std::string_view file;
    std::int64_t line = 0;  // of the address
    std::uint64_t start = 0;
  };
  // Name "" when no function is there.
  [[nodiscard]] Function find(std::uint64_t address) const;
  // A call that was inlined: the function's name, and where in the function around it the call stood.
  struct InlinedCall {
    std::uint32_t name = 0, parent = 0;
  };
  // Reads one at an offset in the functions' data.
  using ReadInlined = std::function<std::optional<InlinedCall>(std::uint64_t offset)>;
  // Innermost first: what was inlined at the address, and the function that is there. At most kMaxInlined.
  static constexpr std::size_t kMaxInlined = 64;
  [[nodiscard]] std::vector<Function> find_all(std::uint64_t address, const ReadInlined& read) const;
  // Programs of Go 1.20 and newer have trees of inlined calls in a form that is known.
  [[nodiscard]] bool has_inlines() const { return has_inlines_; }
  [[nodiscard]] std::vector<UnwindRow> rows(Machine machine) const;
  [[nodiscard]] std::size_t functions() const { return count_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }

 private:
  struct Entry {
    std::uint64_t start = 0;
    std::uint64_t at = 0;  // of its record
  };
  struct Record {
    std::uint32_t name = 0, pcsp = 0, pcfile = 0, pcline = 0, unit = 0;
    std::uint32_t inlined_index = 0;  // which call of the tree, by instruction; 0: no tree
    std::uint32_t inlined_tree = 0;   // in the functions' data
  };
  GoTable() = default;
  Result<> read_header(std::uint64_t text);
  [[nodiscard]] Entry entry(std::size_t index) const;
  [[nodiscard]] std::optional<Entry> entry_of(std::uint64_t address) const;
  [[nodiscard]] Function function_at(const Record& record, std::uint32_t name, std::uint64_t start,
                                     std::uint64_t address) const;
  void read_inlining(std::uint64_t at, Record& out) const;
  [[nodiscard]] std::optional<Record> record(const Entry& entry) const;
  [[nodiscard]] std::string_view name_of(const Record& record) const;
  [[nodiscard]] std::optional<std::int64_t> value_at(std::uint32_t table, std::uint64_t start,
                                                     std::uint64_t address) const;
  [[nodiscard]] std::string_view text_at(std::uint64_t at) const;
  template <class T>
  [[nodiscard]] T number(std::uint64_t at) const;
  void add_rows(const Entry& entry, std::uint64_t end, Machine machine, std::vector<UnwindRow>& rows) const;

  std::string bytes_;
  bool has_inlines_ = false;
  bool relative_ = true;  // 1.18: entries are 32 bit, from text_
  std::uint64_t count_ = 0, text_ = 0;
  std::uint64_t names_ = 0, units_ = 0, files_ = 0, values_ = 0, functions_ = 0;
  std::uint8_t quantum_ = 1;
};

}  // namespace invar::ebpf
