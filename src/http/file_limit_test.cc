// Many connections under a small limit of open files; and what is said when it is too small.
#include "http/file_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/testing/bench_server.h"
#include "http/testing/harness.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;

TEST(FileLimit, IsRaisedToWhatIsAllowed) {
  const FileLimit limit = raise_file_limit();
  EXPECT_EQ(limit.soft, limit.hard);
  EXPECT_EQ(raise_file_limit().before, limit.soft);
}

// Runs `body` in a process that may open `files` files at most; its status is what `body` returns.
int with_file_limit(rlim_t soft, rlim_t hard, const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{soft, hard};
    _exit(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? body() : 99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

// As CPU profiles of ten thousand targets are: nobody answers before all have been asked.
TEST(FileLimit, TenThousandLongRequestsAtOnceUnderTwentyThousandFiles) {
  rlimit here{};
  getrlimit(RLIMIT_NOFILE, &here);
  constexpr std::size_t kTargets = 10'000;
  raise_file_limit();
  const testing::BenchServer server(1000, kTargets);
  const rlim_t hard = std::min<rlim_t>(here.rlim_max, 20'000);
  EXPECT_EQ(with_file_limit(1024, hard,
                            [&] {
                              testing::Harness h;
                              const auto client = h.client();
                              std::vector<std::unique_ptr<Call>> calls;
                              std::size_t good = 0;
                              std::size_t bad = 0;
                              for (std::size_t i = 0; i < kTargets; ++i) {
                                Request request;
                                request.url = server.url(i);
                                request.timeout = 1min;
                                calls.push_back(
                                    client->send(request, [&](testing::Outcome r) { ++(r ? good : bad); }));
                              }
                              h.wait([&] { return good + bad == kTargets; }, 1min);
                              return good == kTargets ? 0 : 1;
                            }),
            0);
}

TEST(FileLimit, TooLowALimitIsNamedAtStart) {
  const auto warns_under = [](rlim_t files) {
    return with_file_limit(files, files, [] {
      std::string text;
      const auto sink = log::Sink::create([&text](std::string_view line) { text += line; });
      sink->configure({});
      Transport::Options options;
      options.logger = log::Logger(sink);
      const testing::Harness h(std::move(options));
      return text.find("few files may be open") != std::string::npos ? 1 : 0;
    });
  };
  EXPECT_EQ(warns_under(256), 1);
  EXPECT_EQ(warns_under(8192), 0);
}

TEST(FileLimit, MoreRequestsThanFilesTakeTurns) {
  const testing::BenchServer server(1000);
  EXPECT_EQ(with_file_limit(128, 128,
                            [&] {
                              testing::Harness h;
                              const auto client = h.client();
                              std::vector<std::unique_ptr<Call>> calls;
                              std::size_t good = 0;
                              std::size_t bad = 0;
                              for (std::size_t i = 0; i < 1000; ++i) {
                                Request request;
                                request.url = server.url(i);
                                request.timeout = 1min;
                                calls.push_back(
                                    client->send(request, [&](testing::Outcome r) { ++(r ? good : bad); }));
                              }
                              h.wait([&] { return good + bad == 1000; }, 1min);
                              return good == 1000 ? 0 : 1;
                            }),
            0);
}

}  // namespace
}  // namespace invar::http
