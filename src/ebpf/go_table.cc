#include "ebpf/go_table.h"

#include <algorithm>
#include <array>
#include <limits>

#include "ebpf/byte_cursor.h"

namespace invar::ebpf {
namespace {

constexpr std::uint32_t kGo116 = 0xfffffffa, kGo118 = 0xfffffff0, kGo120 = 0xfffffff1;

// The outermost function of a goroutine or of a thread, and those that change to another stack.
constexpr std::array<std::string_view, 10> kStarts = {
    "runtime.goexit", "runtime.mstart",      "runtime.rt0_go",    "_rt0_amd64_linux",   "_rt0_arm64_linux",
    "runtime.mcall",  "runtime.systemstack", "runtime.morestack", "runtime.asmcgocall", "_rt0_amd64"};
constexpr std::uint32_t kMaxTables = 64;
constexpr std::uint32_t kMaxSteps = 1 << 18;  // of one function's table of values
constexpr std::string_view kSignalReturn = "runtime.sigreturn__sigaction";

struct Step {
  std::int64_t value;
  std::uint64_t end;  // behind the last instruction
};

// A table of values by instruction: pairs of (difference of the value, zigzag; difference of the address).
class Values {
 public:
  Values(std::string_view bytes, std::uint64_t at, std::uint64_t start, std::uint8_t quantum)
      : in_(at <= bytes.size() ? bytes : std::string_view(), at <= bytes.size() ? at : 0),
        pc_(start),
        quantum_(quantum) {}
  std::optional<Step> next() {
    if (++steps_ > kMaxSteps) return std::nullopt;
    const std::uint64_t change = in_.uleb();
    if (!in_.ok() || (change == 0 && !first_)) return std::nullopt;
    first_ = false;
    value_ += (change >> 1) ^ -(change & 1);
    pc_ += in_.uleb() * quantum_;
    if (!in_.ok()) return std::nullopt;
    return Step{static_cast<std::int64_t>(value_), pc_};
  }

 private:
  ByteCursor in_;
  std::uint64_t value_ = ~std::uint64_t{0};  // -1; crafted ones wrap
  std::uint64_t pc_;
  const std::uint8_t quantum_;
  bool first_ = true;
  std::uint32_t steps_ = 0;
};

bpf::rule rule_of(std::int64_t depth, Machine machine) {
  bpf::rule rule{};
  constexpr std::int64_t kDeepest = std::numeric_limits<std::int16_t>::max() - 16;
  if (depth < 0 || depth > std::numeric_limits<std::int32_t>::max() - 16) return rule;
  rule.cfa = bpf::kCfaSp;
  if (machine == Machine::kX86_64) {
    rule.cfa_offset = static_cast<std::int32_t>(depth + 8);
    rule.ra_offset = -8;
    if (depth > 0) {
      rule.fp = bpf::kFpAtCfa;
      rule.fp_offset = -16;
    }
    return rule;
  }
  rule.cfa_offset = static_cast<std::int32_t>(depth);
  if (depth == 0) {
    rule.ra = bpf::kRaInLink;
    return rule;
  }
  if (depth > kDeepest) return {.cfa = bpf::kCfaFpChain};
  rule.ra_offset = static_cast<std::int16_t>(-depth);
  rule.fp = bpf::kFpAtCfa;
  rule.fp_offset = static_cast<std::int16_t>(-depth - 8);
  return rule;
}

}  // namespace

Result<GoTable> GoTable::parse(std::string bytes, std::uint64_t text) {
  GoTable table;
  table.bytes_ = std::move(bytes);
  INVAR_TRY(table.read_header(text));
  return table;
}

template <class T>
T GoTable::number(std::uint64_t at) const {
  if (at > bytes_.size()) return T{};
  return ByteCursor(bytes_, at).number<T>();
}

Result<> GoTable::read_header(std::uint64_t text) {
  ByteCursor in(bytes_);
  const auto magic = in.number<std::uint32_t>();
  in.skip(2);
  quantum_ = in.number<std::uint8_t>();
  const auto pointer = in.number<std::uint8_t>();
  if ((magic != kGo116 && magic != kGo118 && magic != kGo120) || pointer != 8 || quantum_ == 0)
    return fail(ErrorCode::kUnsupported, "a table of Go that is not known");
  relative_ = magic != kGo116;
  has_inlines_ = magic == kGo120;
  count_ = in.number<std::uint64_t>();
  (void)in.number<std::uint64_t>();  // files
  if (relative_) text_ = in.number<std::uint64_t>();
  if (text_ == 0) text_ = text;
  names_ = in.number<std::uint64_t>();
  units_ = in.number<std::uint64_t>();
  files_ = in.number<std::uint64_t>();
  values_ = in.number<std::uint64_t>();
  functions_ = in.number<std::uint64_t>();
  const std::uint64_t width = relative_ ? 8 : 16;
  const std::uint64_t size = bytes_.size();
  if (!in.ok() || count_ == 0 || count_ > kMaxFunctions || names_ > size || units_ > size || files_ > size ||
      values_ > size || functions_ > size || (size - functions_) / width < count_)
    return fail(ErrorCode::kDataLoss, "a damaged table of Go");
  return {};
}

GoTable::Entry GoTable::entry(std::size_t index) const {
  if (relative_) {
    const std::uint64_t at = functions_ + 8 * index;
    return {.start = text_ + number<std::uint32_t>(at), .at = functions_ + number<std::uint32_t>(at + 4)};
  }
  const std::uint64_t at = functions_ + 16 * index;
  return {.start = number<std::uint64_t>(at), .at = functions_ + number<std::uint64_t>(at + 8)};
}

std::optional<GoTable::Record> GoTable::record(const Entry& entry) const {
  const std::uint64_t start_bytes = relative_ ? 4 : 8;
  if (entry.at > bytes_.size()) return std::nullopt;
  ByteCursor in(bytes_, entry.at);
  in.skip(start_bytes);
  Record out;
  out.name = in.number<std::uint32_t>();
  in.skip(8);  // size of the arguments, deferreturn
  out.pcsp = in.number<std::uint32_t>();
  out.pcfile = in.number<std::uint32_t>();
  out.pcline = in.number<std::uint32_t>();
  in.skip(4);
  out.unit = in.number<std::uint32_t>();
  if (!in.ok()) return std::nullopt;
  if (has_inlines_) read_inlining(entry.at, out);
  return out;
}

// Behind the record: offsets of tables of values by instruction, then offsets in the functions' data.
void GoTable::read_inlining(std::uint64_t at, Record& out) const {
  constexpr std::uint64_t kRecord = 44, kTables = 28, kDatas = 43;
  constexpr std::uint32_t kIndex = 2, kTree = 3, kNone = 0xffffffff;
  const auto tables = number<std::uint32_t>(at + kTables);
  const auto datas = number<std::uint8_t>(at + kDatas);
  if (tables <= kIndex || datas <= kTree || tables > kMaxTables) return;
  out.inlined_tree = number<std::uint32_t>(at + kRecord + 4 * (std::uint64_t{tables} + kTree));
  if (out.inlined_tree != kNone) out.inlined_index = number<std::uint32_t>(at + kRecord + 4 * kIndex);
}

std::string_view GoTable::text_at(std::uint64_t at) const {
  constexpr std::size_t kLongest = 4096;
  if (at >= bytes_.size()) return {};
  const std::string_view rest = std::string_view(bytes_).substr(at, kLongest);
  const std::size_t end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

std::string_view GoTable::name_of(const Record& record) const {
  return text_at(names_ + record.name);
}

std::optional<std::int64_t> GoTable::value_at(std::uint32_t table, std::uint64_t start,
                                              std::uint64_t address) const {
  if (table == 0) return std::nullopt;
  Values values(bytes_, values_ + table, start, quantum_);
  while (const auto step = values.next())
    if (address < step->end) return step->value;
  return std::nullopt;
}

std::optional<GoTable::Entry> GoTable::entry_of(std::uint64_t address) const {
  std::size_t low = 0, high = count_;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (entry(middle).start <= address)
      low = middle + 1;
    else
      high = middle;
  }
  // The end of the last function stands behind the entries.
  if (low == 0 || (low == count_ && address >= entry(count_).start)) return std::nullopt;
  return entry(low - 1);
}

GoTable::Function GoTable::function_at(const Record& record, std::uint32_t name, std::uint64_t start,
                                       std::uint64_t address) const {
  Function out{.name = text_at(names_ + name), .file = {}, .line = 0, .start = start};
  out.line = value_at(record.pcline, start, address).value_or(0);
  if (const auto file = value_at(record.pcfile, start, address); file && *file >= 0) {
    const auto offset =
        number<std::uint32_t>(units_ + 4 * (std::uint64_t{record.unit} + static_cast<std::uint64_t>(*file)));
    if (offset != std::numeric_limits<std::uint32_t>::max()) out.file = text_at(files_ + offset);
  }
  return out;
}

GoTable::Function GoTable::find(std::uint64_t address) const {
  const auto found = entry_of(address);
  const auto facts = found ? record(*found) : std::nullopt;
  return facts ? function_at(*facts, facts->name, found->start, address) : Function{};
}

std::vector<GoTable::Function> GoTable::find_all(std::uint64_t address, const ReadInlined& read) const {
  std::vector<Function> out;
  const auto found = entry_of(address);
  const auto facts = found ? record(*found) : std::nullopt;
  if (!facts) return out;
  constexpr std::uint64_t kCall = 16;
  while (facts->inlined_index != 0 && out.size() + 1 < kMaxInlined) {
    const auto index = value_at(facts->inlined_index, found->start, address);
    const auto call = index && *index >= 0
                          ? read(facts->inlined_tree + kCall * static_cast<std::uint64_t>(*index))
                          : std::nullopt;
    if (!call) break;
    out.push_back(function_at(*facts, call->name, found->start, address));
    address = found->start + call->parent;
  }
  out.push_back(function_at(*facts, facts->name, found->start, address));
  return out;
}

void GoTable::add_rows(const Entry& at, std::uint64_t end, Machine machine,
                       std::vector<UnwindRow>& rows) const {
  const auto facts = record(at);
  if (!facts) return;
  const std::string_view name = name_of(*facts);
  if (name == kSignalReturn) {
    // It is entered at its first byte, as if something before it had called it.
    rows.push_back({.address = at.start - 1, .rule = {.cfa = bpf::kCfaSignal}});
    rows.push_back({.address = end, .rule = {}, .function_end = true});
    return;
  }
  if (std::ranges::find(kStarts, name) != kStarts.end()) {
    rows.push_back({.address = at.start, .rule = {.cfa = bpf::kCfaStop}});
    rows.push_back({.address = end, .rule = {}, .function_end = true});
    return;
  }
  if (facts->pcsp == 0) return;
  Values values(bytes_, values_ + facts->pcsp, at.start, quantum_);
  for (std::uint64_t from = at.start; from < end && rows.size() < kMaxRows;) {
    const auto step = values.next();
    if (!step || step->end <= from) break;
    rows.push_back({.address = from, .rule = rule_of(step->value, machine)});
    from = step->end;
  }
  rows.push_back({.address = end, .rule = {}, .function_end = true});
}

std::vector<UnwindRow> GoTable::rows(Machine machine) const {
  std::vector<UnwindRow> rows;
  for (std::size_t i = 0; i < count_ && rows.size() < kMaxRows; ++i) {
    const Entry at = entry(i);
    const std::uint64_t end = entry(i + 1).start;
    if (end > at.start) add_rows(at, end, machine, rows);
  }
  return rows;
}

}  // namespace invar::ebpf
