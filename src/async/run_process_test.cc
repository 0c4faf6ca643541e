#include "async/run_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::async {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

TEST(RunProcess, GivesWhatItWrote) {
  const auto out = run_process("sh", {"-c", "cat; printf '%s' \"$WORD $HOME_OF_TEST\""},
                               {{"WORD", "a b"}, {"HOME_OF_TEST", "c"}}, seconds(60));
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(*out, "a b c");
}

TEST(RunProcess, SaysWhyItFailed) {
  const auto failed =
      run_process("sh", {"-c", "echo hint: x >&2; echo 'fatal: no way' >&2; exit 3"}, {}, seconds(60));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "no way");
  EXPECT_EQ(run_process("sh", {"-c", "exit 1"}, {}, seconds(60)).error().message, "sh failed");
  const auto none = run_process("no-such-program-here", {}, {}, seconds(60));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(none.error().message, HasSubstr("cannot run no-such-program-here"));
}

TEST(RunProcess, KillsWhatTakesTooLongWithItsChildren) {
  // The child of the shell holds the pipe open, too.
  const auto late = run_process("sh", {"-c", "sleep 600 & sleep 600"}, {}, std::chrono::milliseconds(50));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
}

TEST(RunProcess, ReadsMoreThanAPipeHolds) {
  const auto out =
      run_process("sh", {"-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"}, {}, seconds(60));
  ASSERT_TRUE(out);
  EXPECT_EQ(out->size(), 300000U);
}

}  // namespace
}  // namespace invar::async
