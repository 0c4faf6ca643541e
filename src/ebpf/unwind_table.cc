#include "ebpf/unwind_table.h"

#include <algorithm>
#include <cstring>

namespace invar::ebpf {
namespace {

bool known(const UnwindRow& row) {
  return !row.function_end && row.rule.cfa != bpf::kCfaNone;
}

bool same(const bpf::rule& a, const bpf::rule& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

// By address; where one function ends and another begins, the beginning counts.
void sort_rows(std::vector<UnwindRow>& rows) {
  std::ranges::stable_sort(rows, [](const UnwindRow& a, const UnwindRow& b) {
    return a.address != b.address ? a.address < b.address : a.function_end > b.function_end;
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + 1 < rows.size() && rows[i + 1].address == rows[i].address) continue;
    rows[kept++] = rows[i];
  }
  rows.resize(kept);
}

}  // namespace

RuleBook::RuleBook() : rules_(1) {
  indexes_.emplace(std::array<unsigned char, sizeof(bpf::rule)>{}, 0);
}

std::uint16_t RuleBook::index(const bpf::rule& rule) {
  std::array<unsigned char, sizeof(bpf::rule)> key;
  std::memcpy(key.data(), &rule, sizeof rule);
  if (const auto found = indexes_.find(key); found != indexes_.end()) return found->second;
  if (rules_.size() >= bpf::kMaxRules) {
    ++refused_;
    return 0;
  }
  const auto made = static_cast<std::uint16_t>(rules_.size());
  rules_.push_back(rule);
  indexes_.emplace(key, made);
  return made;
}

void TableMaker::add(std::vector<UnwindRow> rows) {
  sort_rows(rows);
  if (rows_.empty()) {
    rows_ = std::move(rows);
    return;
  }
  // Both as functions of the address, from boundary to boundary.
  std::vector<UnwindRow> merged;
  merged.reserve(rows_.size() + rows.size());
  std::size_t a = 0, b = 0;
  UnwindRow first{.function_end = true}, second{.function_end = true};
  while (a < rows_.size() || b < rows.size()) {
    const std::uint64_t next = b >= rows.size() || (a < rows_.size() && rows_[a].address <= rows[b].address)
                                   ? rows_[a].address
                                   : rows[b].address;
    if (a < rows_.size() && rows_[a].address == next) first = rows_[a++];
    if (b < rows.size() && rows[b].address == next) second = rows[b++];
    UnwindRow row = known(first) ? first : known(second) ? second : first;
    row.address = next;
    merged.push_back(row);
  }
  rows_ = std::move(merged);
}

UnwindTable TableMaker::make(RuleBook& rules) {
  UnwindTable table;
  if (rows_.empty()) return table;
  constexpr std::uint64_t kPage = std::uint64_t{1} << bpf::kPageBits;
  table.base = rows_.front().address & ~(kPage - 1);
  const std::uint64_t span = rows_.back().address - table.base;
  constexpr std::uint64_t kMostPages = 1 << 16;  // 4 GiB of code
  if (span / kPage + 1 > kMostPages) return table;
  table.pages = static_cast<std::uint32_t>(span / kPage + 1);
  table.words.assign(table.pages + 1, 0);
  std::uint64_t page = 0;
  table.words[0] = table.pages + 1;
  bpf::rule last{};
  bool any = false;
  for (const UnwindRow& row : rows_) {
    const bpf::rule rule = row.function_end ? bpf::rule{} : row.rule;
    if (any && same(rule, last)) continue;
    last = rule;
    any = true;
    const std::uint64_t at = row.address - table.base;
    for (; page < at / kPage; ++page) table.words[page + 1] = static_cast<std::uint32_t>(table.words.size());
    table.words.push_back(
        static_cast<std::uint32_t>((at & (kPage - 1)) | std::uint64_t{rules.index(rule)} << 16));
    ++table.rows;
  }
  for (; page < table.pages; ++page) table.words[page + 1] = static_cast<std::uint32_t>(table.words.size());
  rows_.clear();
  return table;
}

}  // namespace invar::ebpf
