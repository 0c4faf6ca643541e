#include "async/process.h"

#include <gtest/gtest.h>

namespace invar::async {
namespace {

using namespace std::chrono_literals;

class ProcessTest : public ::testing::Test {
 protected:
  Result<Process::Output> run(Process::Options options) {
    std::optional<Result<Process::Output>> result;
    const auto process = Process::run(*loop, std::move(options), [&](Result<Process::Output> r) {
      result = std::move(r);
      loop->stop();
    });
    EXPECT_FALSE(result) << "never from inside run()";
    loop->run();
    return *std::move(result);
  }
  static Process::Options shell(const std::string& script) { return {.arguments = {"sh", "-c", script}}; }
  std::unique_ptr<RealLoop> loop = RealLoop::create();
};

TEST_F(ProcessTest, CollectsBothStreamsAndTheExitCode) {
  const auto result = run(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
  EXPECT_EQ(result->exit_code, 3);
}

TEST_F(ProcessTest, StandardInputIsEmptyAndTheEnvironmentIsOursWithWhatIsAsked) {
  setenv("INVAR_PROCESS_TEST", "ours", 1);
  auto options = shell("cat; printf '%s %s' \"$INVAR_PROCESS_TEST\" \"$ASKED\"; pwd");
  options.environment = {{"ASKED", "yes"}};
  options.working_directory = "/";
  EXPECT_EQ(run(options)->out, "ours yes/\n");
  options.environment = {{"INVAR_PROCESS_TEST", "other"}};
  EXPECT_EQ(run(options)->out, "other /\n");
}

TEST_F(ProcessTest, AProgramThatIsNotThereIsAnError) {
  const auto result = run({.arguments = {"/no/such/program"}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(result.error().message, "cannot start /no/such/program: no such file or directory");
}

TEST_F(ProcessTest, TimeAndOutputAreLimited) {
  auto slow = shell("sleep 100");
  slow.time_limit = 50ms;
  EXPECT_EQ(run(slow).error().message, "sh did not end within 50ms");
  auto endless = shell("while :; do echo 0123456789; done");
  endless.max_output_bytes = 10'000;
  EXPECT_EQ(run(endless).error().message, "sh printed more than 10000 bytes");
}

TEST_F(ProcessTest, ASignalIsAnExitCode) {
  EXPECT_EQ(run(shell("kill -9 $$"))->exit_code, 137);
}

TEST_F(ProcessTest, WhatTheChildLeftRunningIsNotWaitedFor) {
  EXPECT_EQ(run(shell("sleep 1 & echo done"))->out, "done\n");
}

TEST_F(ProcessTest, DroppedItIsKilledAndSaysNothing) {
  auto process = Process::run(*loop, shell("sleep 100"), [](const auto&) { FAIL(); });
  process.reset();
  loop->post([this] { loop->stop(); });
  loop->run();
}

}  // namespace
}  // namespace invar::async
