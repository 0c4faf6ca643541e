#include "ebpf/go_table.h"

#include <gtest/gtest.h>

#include "ebpf/byte_source.h"

#include <fcntl.h>

namespace invar::ebpf {
namespace {

// One function, main.f at 0x401000: 4 bytes without a frame, 24 with one of 16 bytes, 4 without; lines 10 and 12 of /src/f.go.
std::string one_function() {
  const FileBytes file(
      UniqueFd(open(INVAR_SOURCE_DIR "/testdata/fuzz/go_table/one-function", O_RDONLY | O_CLOEXEC)));
  return file.bytes(0, file.size());
}

TEST(GoTable, NamesFunctionsFilesAndLines) {
  const auto table = GoTable::parse(one_function(), 0);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->find(0x401000).name, "main.f");
  EXPECT_EQ(table->find(0x40100f).line, 10);
  EXPECT_EQ(table->find(0x401010).line, 12);
  EXPECT_EQ(table->find(0x401010).file, "/src/f.go");
  EXPECT_EQ(table->find(0x40103f).name, "main.f");
  EXPECT_EQ(table->find(0x401040).name, "") << "behind the last one";
  EXPECT_EQ(table->find(0x400fff).name, "");
}

TEST(GoTable, KnowsHowDeepTheStackIs) {
  const auto table = GoTable::parse(one_function(), 0);
  ASSERT_TRUE(table);
  const auto rows = table->rows(Machine::kX86_64);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].rule.cfa_offset, 8);
  EXPECT_EQ(rows[1].address, 0x401004u);
  EXPECT_EQ(rows[1].rule.cfa_offset, 24);
  EXPECT_EQ(rows[1].rule.fp_offset, -16);
  EXPECT_EQ(rows[2].rule.cfa_offset, 8);
  EXPECT_TRUE(rows[3].function_end);
  const auto arm = table->rows(Machine::kAarch64);
  EXPECT_EQ(arm[0].rule.ra, bpf::kRaInLink);
  EXPECT_EQ(arm[1].rule.cfa_offset, 16);
  EXPECT_EQ(arm[1].rule.ra_offset, -16);
  EXPECT_EQ(arm[1].rule.fp_offset, -24);
}

TEST(GoTable, SurvivesEveryCut) {
  const std::string whole = one_function();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto table = GoTable::parse(whole.substr(0, size), 0);
    if (!table) continue;
    (void)table->find(0x401010);
    EXPECT_LE(table->rows(Machine::kX86_64).size(), 4u);
  }
}

}  // namespace
}  // namespace invar::ebpf
