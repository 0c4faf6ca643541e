#include "async/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <vector>

namespace invar::async {
namespace {

TEST(Signals, ArriveAsLoopTasks) {
  const auto loop = RealLoop::create();
  std::vector<int> seen;
  {
    const auto watcher = watch_signals(*loop, [&](int signo) {
      seen.push_back(signo);
      if (seen.size() == 2) loop->stop();
    });
    ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
    loop->post([&] { loop->post([&] { ASSERT_EQ(::kill(::getpid(), SIGINT), 0); }); });
    loop->run();
  }
  EXPECT_EQ(seen, (std::vector{SIGHUP, SIGINT}));
}

TEST(Signals, MaskIsRestoredWithTheWatcher) {
  sigset_t before;
  sigset_t after;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &before);
  const auto loop = RealLoop::create();
  watch_signals(*loop, [](int) {}).reset();
  ::pthread_sigmask(SIG_BLOCK, nullptr, &after);
  for (const int signo : {SIGINT, SIGTERM, SIGHUP})
    EXPECT_EQ(::sigismember(&before, signo), ::sigismember(&after, signo));
}

void signal_twice(int first, int second) {
  const auto loop = RealLoop::create();
  const auto watcher = watch_signals(*loop, [&](int) {
    ::kill(::getpid(), second);
    ::_exit(3);  // not reached when the second signal kills
  });
  ::kill(::getpid(), first);
  loop->run();
}

TEST(SignalsDeathTest, ASecondSignalKillsWhileTheFirstIsHandled) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(signal_twice(SIGINT, SIGINT), ::testing::KilledBySignal(SIGINT), "");
  EXPECT_EXIT(signal_twice(SIGINT, SIGTERM), ::testing::KilledBySignal(SIGTERM), "");
  EXPECT_EXIT(signal_twice(SIGHUP, SIGTERM), ::testing::ExitedWithCode(3),
              "");  // a reload is no reason to die
}

}  // namespace
}  // namespace invar::async
