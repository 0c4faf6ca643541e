#include "base/proc_file.h"

#include <gtest/gtest.h>

namespace invar {
namespace {

TEST(ReadProcFile, GivesTheWholeFile) {
  EXPECT_EQ(read_proc_file("/proc/self/comm"), "base_test\n");
  const std::string maps = read_proc_file("/proc/self/smaps");
  EXPECT_GT(maps.size(), 4096u) << "more than one read";
  EXPECT_EQ(maps.back(), '\n');
}

TEST(ReadProcFile, IsEmptyForWhatCannotBeRead) {
  EXPECT_EQ(read_proc_file("/proc/self/task/0/comm"), "");
  EXPECT_EQ(read_proc_file("/proc/self"), "") << "opens, and refuses the read";
  EXPECT_EQ(read_proc_file("/proc/self/mem"), "") << "opens, and refuses the read";
}

}  // namespace
}  // namespace invar
