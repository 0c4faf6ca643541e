#include "base/scratch_text.h"

#include <gtest/gtest.h>

namespace invar {
namespace {

TEST(ScratchText, KeepsAnOrdinaryBufferAndGivesBackALargeOne) {
  std::string scratch(1000, 'x');
  give_back(scratch, 4096);
  EXPECT_TRUE(scratch.empty());
  EXPECT_GE(scratch.capacity(), 1000U);
  scratch.assign(1 << 20, 'x');
  give_back(scratch, 4096);
  EXPECT_TRUE(scratch.empty());
  EXPECT_LE(scratch.capacity(), 4096U);
}

}  // namespace
}  // namespace invar
