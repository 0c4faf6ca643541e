#include "ebpf/cfi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ebpf/unwind_table.h"

namespace invar::ebpf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

void put_word(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i));
}

std::string record(std::string body) {
  while (body.size() % 8 != 4) body += '\0';
  std::string out;
  put_word(out, static_cast<std::uint32_t>(body.size()));
  return out + body;
}

struct Cfi {
  std::string augmentation = "zR";
  std::string initial{"\x0c\x07\x08\x90\x01", 5};  // def_cfa rsp+8, ra at cfa-8
  std::string program;
  std::uint8_t ra = 16;
};

// One CIE and one function at 0x1000, 0x100 long, with absolute addresses.
std::string section(const Cfi& cfi) {
  std::string cie(4, '\0');
  cie += '\1';
  cie += cfi.augmentation + '\0';
  cie += std::string("\x01\x78", 2) + static_cast<char>(cfi.ra);
  if (cfi.augmentation.starts_with('z')) cie += std::string("\x01\x00", 2);
  std::string out = record(cie + cfi.initial);
  std::string fde;
  put_word(fde, static_cast<std::uint32_t>(out.size() + 4));
  for (const std::uint64_t value : {0x1000, 0x100}) {
    put_word(fde, static_cast<std::uint32_t>(value));
    put_word(fde, 0);
  }
  if (cfi.augmentation.starts_with('z')) fde += '\0';
  return out + record(fde + cfi.program);
}

CfiResult read(const Cfi& cfi, Machine machine = Machine::kX86_64) {
  const std::string bytes = section(cfi);
  return read_cfi({.bytes = bytes, .address = 0x5000}, machine);
}

std::string text(const UnwindRow& row) {
  if (row.function_end) return std::to_string(row.address) + " end";
  const bpf::rule& r = row.rule;
  return std::to_string(row.address) + " cfa" + std::to_string(r.cfa) + "+" + std::to_string(r.cfa_offset) +
         " fp" + std::to_string(r.fp) + "+" + std::to_string(r.fp_offset) + " ra" + std::to_string(r.ra) +
         "+" + std::to_string(r.ra_offset);
}

std::vector<std::string> texts(const CfiResult& result) {
  std::vector<std::string> out;
  for (const UnwindRow& row : result.rows) out.push_back(text(row));
  return out;
}

TEST(Cfi, FollowsAFunctionWithAFramePointer) {
  // push rbp; mov rbp,rsp; …; leave
  const auto result =
      read({.program = std::string("\x41\x0e\x10\x86\x02\x43\x0d\x06\x50\x0c\x07\x08\xc6", 13)});
  EXPECT_THAT(texts(result),
              ElementsAre("4096 cfa1+8 fp0+0 ra0+-8", "4097 cfa1+16 fp1+-16 ra0+-8",
                          "4100 cfa2+16 fp1+-16 ra0+-8", "4116 cfa1+8 fp0+0 ra0+-8", "4352 end"));
}

TEST(Cfi, RemembersAndRestores) {
  const auto result = read({.program = std::string("\x0a\x41\x0e\x20\x41\x0b", 6)});
  EXPECT_THAT(texts(result), ElementsAre("4096 cfa1+8 fp0+0 ra0+-8", "4097 cfa1+32 fp0+0 ra0+-8",
                                         "4098 cfa1+8 fp0+0 ra0+-8", "4352 end"));
}

TEST(Cfi, StopsWhereTheReturnAddressIsUndefined) {
  EXPECT_EQ(read({.program = std::string("\x07\x10", 2)}).rows.front().rule.cfa, bpf::kCfaStop);
}

TEST(Cfi, KnowsSignalFrames) {
  EXPECT_EQ(read({.augmentation = "zRS"}).rows.front().rule.cfa, bpf::kCfaSignal);
}

TEST(Cfi, KnowsTheExpressionsThatCompilersWrite) {
  const auto plt = read({.program = std::string("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22", 13)});
  EXPECT_EQ(plt.rows.front().rule.cfa, bpf::kCfaPlt);
  EXPECT_EQ(plt.rows.front().rule.cfa_offset, 11);
  // A function that aligns its stack: the CFA is kept at rbp-8, rbp saved at rbp+0.
  const auto aligned = read({.program = std::string("\x0f\x03\x76\x78\x06\x10\x06\x02\x76\x00", 10)});
  EXPECT_EQ(aligned.rows.front().rule.cfa, bpf::kCfaDerefFp);
  EXPECT_EQ(aligned.rows.front().rule.cfa_offset, -8);
  EXPECT_EQ(aligned.rows.front().rule.fp, bpf::kFpAtFp);
}

TEST(Cfi, GivesWhatItDoesNotUnderstandNoRule) {
  for (const std::string& program : {std::string("\x0f\x02\x30\x31", 4), std::string("\x0c\x0a\x08", 3),
                                     std::string("\x3f", 1), std::string("\x0b", 1)}) {
    const auto result = read({.program = program});
    ASSERT_FALSE(result.rows.empty());
    EXPECT_EQ(result.rows.front().rule.cfa, bpf::kCfaNone);
    EXPECT_EQ(result.not_understood, 1u);
  }
}

TEST(Cfi, LeavesTheReturnAddressOfAnAarch64LeafInItsRegister) {
  const auto result = read({.initial = std::string("\x0c\x1f\x00", 3),
                            .program = std::string("\x41\x0e\x20\x9d\x04\x9e\x03", 7),
                            .ra = 30},
                           Machine::kAarch64);
  ASSERT_THAT(result.rows, SizeIs(3));
  EXPECT_EQ(result.rows[0].rule.ra, bpf::kRaInLink);
  EXPECT_EQ(text(result.rows[1]), "4097 cfa1+32 fp1+-32 ra0+-24");
}

TEST(Cfi, SurvivesEveryCut) {
  const std::string whole = section({.program = std::string("\x41\x0e\x10\x86\x02\x43\x0d\x06", 8)});
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THAT(read_cfi({.bytes = std::string_view(whole).substr(0, size)}, Machine::kX86_64).rows,
                IsEmpty())
        << size;
}

// ---- tables

UnwindRow row(std::uint64_t address, std::int32_t offset) {
  return {.address = address,
          .rule = {.cfa = bpf::kCfaSp, .ra_offset = -8, .cfa_offset = offset},
          .function_end = false};
}
UnwindRow end(std::uint64_t address) {
  return {.address = address, .rule = {}, .function_end = true};
}

// What the BPF program does, in words of the layout.
std::int32_t offset_at(const UnwindTable& table, const RuleBook& rules, std::uint64_t address) {
  const std::uint64_t at = address - table.base;
  const std::uint64_t page = at >> table.page_bits;
  if (address < table.base || page >= table.pages) return -1;
  std::uint32_t found = table.words[page];
  while (found < table.words[page + 1] && (table.words[found] & 0xffff) <= (at & 0xffff)) ++found;
  if (found <= table.pages + 1) return -1;
  const bpf::rule& rule = rules.rules()[table.words[found - 1] >> 16];
  return rule.cfa == bpf::kCfaNone ? 0 : rule.cfa_offset;
}

TEST(UnwindTable, AnswersByAddressOverPages) {
  RuleBook rules;
  TableMaker maker;
  maker.add({row(0x21000, 16), row(0x21004, 24), end(0x21010), row(0x51000, 32), end(0x51020)});
  const UnwindTable table = maker.make(rules);
  EXPECT_EQ(table.base, 0x20000u);
  EXPECT_EQ(offset_at(table, rules, 0x20fff), -1);
  EXPECT_EQ(offset_at(table, rules, 0x21000), 16);
  EXPECT_EQ(offset_at(table, rules, 0x2100f), 24);
  EXPECT_EQ(offset_at(table, rules, 0x21010), 0);
  EXPECT_EQ(offset_at(table, rules, 0x45000), 0) << "a page without a row of its own";
  EXPECT_EQ(offset_at(table, rules, 0x51001), 32);
}

TEST(UnwindTable, FillsTheGapsOfOneSourceFromTheNext) {
  RuleBook rules;
  TableMaker maker;
  maker.add({row(0x1000, 8), end(0x1010), row(0x1030, 8), end(0x1040)});
  maker.add({row(0x1000, 99), row(0x1010, 16), row(0x1020, 24), end(0x1048)});
  const UnwindTable table = maker.make(rules);
  EXPECT_EQ(offset_at(table, rules, 0x1008), 8);
  EXPECT_EQ(offset_at(table, rules, 0x1010), 16);
  EXPECT_EQ(offset_at(table, rules, 0x1028), 24);
  EXPECT_EQ(offset_at(table, rules, 0x1030), 8);
  EXPECT_EQ(offset_at(table, rules, 0x1044), 24);
  EXPECT_EQ(offset_at(table, rules, 0x1048), 0);
}

TEST(UnwindTable, WritesNoRowWhereNothingChanges) {
  RuleBook rules;
  TableMaker maker;
  maker.add({row(0x1000, 8), end(0x1010), row(0x1010, 8), row(0x1018, 8), end(0x1020)});
  EXPECT_EQ(maker.make(rules).rows, 2u);
}

// Whatever the code is like, the index leads to a few rows, and is not large beside them.
TEST(UnwindTable, HasAnIndexAsFineAsItsRows) {
  for (const std::uint64_t distance : {2, 16, 300, 5000, 1 << 20}) {
    RuleBook rules;
    TableMaker maker;
    std::vector<UnwindRow> rows;
    for (std::uint64_t i = 0; i < 2000; ++i) rows.push_back(row(0x20000 + i * distance, 8 + i % 100));
    maker.add(rows);
    const UnwindTable table = maker.make(rules);
    EXPECT_LE(table.pages, table.rows / 4 + (2000 * distance >> 16) + 1);
    for (std::uint32_t page = 0; page < table.pages; ++page)
      EXPECT_LE(table.words[page + 1] - table.words[page], 8u) << distance;
    for (std::uint64_t i = 0; i + 1 < 2000; ++i)
      for (const std::uint64_t inside : {std::uint64_t{0}, distance - 1})
        EXPECT_EQ(offset_at(table, rules, 0x20000 + i * distance + inside), static_cast<int>(8 + i % 100));
  }
}

TEST(RuleBook, IsBounded) {
  RuleBook rules;
  for (int i = 0; i < bpf::kMaxRules + 10; ++i) (void)rules.index(row(0, i).rule);
  EXPECT_EQ(rules.rules().size(), static_cast<std::size_t>(bpf::kMaxRules));
  EXPECT_EQ(rules.refused(), 11u);
}

}  // namespace
}  // namespace invar::ebpf
