// From rows of several sources to the table that the BPF program searches, and the rules that all tables share.
// Shape:   see table in bpf/layout.h. Addresses are relative to `base`, the address of the file's lowest page of code.
// Bounds:  kMaxRules distinct rules in all; a row whose rule finds no room has none, and is counted.
// Threads: one owner.  Source: docs/behaviour/ebpf.md 7.4.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "ebpf/cfi.h"

namespace invar::ebpf {

class RuleBook {
 public:
  RuleBook();
  // Index of the rule, made when it is new; 0, which is "none", when there is no room.
  std::uint16_t index(const bpf::rule& rule);
  [[nodiscard]] const std::vector<bpf::rule>& rules() const { return rules_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  std::vector<bpf::rule> rules_;
  std::map<std::array<unsigned char, sizeof(bpf::rule)>, std::uint16_t> indexes_;
  std::uint64_t refused_ = 0;
};

struct UnwindTable {
  std::uint64_t base = 0;
  std::uint16_t page_bits = bpf::kMostPageBits;
  std::uint32_t pages = 0;
  std::uint32_t rows = 0;
  std::vector<std::uint32_t> words;
  [[nodiscard]] std::uint64_t bytes() const { return words.size() * sizeof(std::uint32_t); }
};

// Sorts, lets the rows of an earlier source win over a later one's, merges neighbours of one rule. Consumes the rows.
class TableMaker {
 public:
  void add(std::vector<UnwindRow> rows);
  [[nodiscard]] UnwindTable make(RuleBook& rules);

 private:
  std::vector<UnwindRow> rows_;  // sorted by address
};

}  // namespace invar::ebpf
