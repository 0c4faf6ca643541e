#include "ebpf/unwind_table.h"

#include <algorithm>
#include <cstring>

namespace invar::ebpf {
namespace {

constexpr std::uint64_t kMostCode = (std::uint64_t{1} << 32) - 1;

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

// What is nothing is a rule of its own kind: none.
void merge_neighbours(std::vector<UnwindRow>& rows) {
  for (UnwindRow& row : rows)
    if (row.function_end) row.rule = {};
  const auto repeated = std::ranges::unique(rows, same, &UnwindRow::rule);
  rows.erase(repeated.begin(), repeated.end());
}

// The index has an entry for every kRowsPerPage rows at most.
std::uint16_t page_bits_of(std::uint64_t span, std::uint64_t rows) {
  constexpr std::uint64_t kRowsPerPage = 4;
  std::uint16_t bits = bpf::kMostPageBits;
  while (span >> (bits - 1) < rows / kRowsPerPage) --bits;
  return bits;
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
  merge_neighbours(rows_);
  table.base = rows_.front().address & ~std::uint64_t{0xffff};
  const std::uint64_t span = rows_.back().address - table.base;
  if (span > kMostCode) return table;
  table.rows = static_cast<std::uint32_t>(rows_.size());
  table.page_bits = page_bits_of(span, table.rows);
  table.pages = static_cast<std::uint32_t>((span >> table.page_bits) + 1);
  table.words.reserve(table.pages + 1 + table.rows);
  table.words.assign(table.pages + 1, 0);
  table.words[0] = table.pages + 1;
  std::uint64_t page = 0;
  for (const UnwindRow& row : rows_) {
    const std::uint64_t at = row.address - table.base;
    for (; page < at >> table.page_bits; ++page)
      table.words[page + 1] = static_cast<std::uint32_t>(table.words.size());
    table.words.push_back(
        static_cast<std::uint32_t>((at & 0xffff) | std::uint64_t{rules.index(row.rule)} << 16));
  }
  for (; page < table.pages; ++page) table.words[page + 1] = static_cast<std::uint32_t>(table.words.size());
  rows_.clear();
  return table;
}

}  // namespace invar::ebpf
