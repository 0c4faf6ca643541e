// /debug/pprof/: what is answered to what. What the profiles hold: selfprof_test.cc.
#include "services/pprof_endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "http/testing/fake_network.h"

namespace invar::services {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class PprofEndpoints : public ::testing::Test {
 protected:
  using Pending = std::shared_ptr<std::optional<http::ServerResponse>>;
  PprofEndpoints() { add_pprof_endpoints(router, loop, pool); }

  Pending begin(std::string target) {
    auto pending = network.send("here", {.method = "GET", .target = "/debug/pprof" + std::move(target)});
    loop.run_until_idle();
    return pending;
  }
  http::ServerResponse ask(std::string target) {
    return begin(std::move(target))->value_or(http::ServerResponse{.status = 0, .headers = {}, .body = ""});
  }

  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  Router router;
  http::testing::FakeNetwork network;
  Result<std::unique_ptr<http::Server>> server =
      network.listen()({}, {.listen_address = "here"},
                       [this](http::ServerRequest request, const http::ResponderPtr& responder) {
                         router.handle(std::move(request), responder);
                       });
};

TEST_F(PprofEndpoints, TheIndexNamesThemAll) {
  const auto page = ask("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.get("Content-Type"), "text/html; charset=utf-8");
  for (const char* name : {"allocs", "block", "goroutine", "heap", "mutex", "profile?seconds=10", "cmdline"})
    EXPECT_THAT(page.body, HasSubstr("<a href=\"" + std::string(name) + "\">"));
  const auto moved = ask("");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.headers.get("Location"), "/debug/pprof/");
  EXPECT_EQ(ask("/nothing").status, 404);
}

TEST_F(PprofEndpoints, AProfileComesWithTheHeadersOfGosServers) {
  const auto answer = ask("/block");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/octet-stream");
  EXPECT_EQ(answer.headers.get("Content-Disposition"), "attachment; filename=\"block\"");
  EXPECT_THAT(answer.body, StartsWith("\x1f\x8b"));
  EXPECT_EQ(ask("/block?debug=1").headers.get("Content-Type"), "text/plain; charset=utf-8");
}

TEST_F(PprofEndpoints, TableOfQuestionsThatMakeNoSense) {
  const struct {
    const char* target;
    const char* says;
  } rows[] = {
      {"/profile?seconds=0", "seconds must be a whole number from 1 to 3600"},
      {"/profile?seconds=3601", "seconds must be a whole number from 1 to 3600"},
      {"/profile?seconds=1.5", "seconds must be a whole number from 1 to 3600"},
      {"/heap?seconds=x", "seconds must be a whole number from 1 to 3600"},
      {"/heap?seconds=5&debug=1", "seconds and debug params are incompatible"},
      {"/goroutine?seconds=5", "stacks of threads have no change over seconds"},
  };
  for (const auto& row : rows) {
    const auto answer = ask(row.target);
    EXPECT_EQ(answer.status, 400) << row.target;
    EXPECT_EQ(answer.body, std::string(row.says) + "\n") << row.target;
  }
}

TEST_F(PprofEndpoints, OneCpuProfileAtATimeTakesItsSeconds) {
  const auto first = begin("/profile?seconds=5");
  EXPECT_FALSE(*first);
  const auto second = ask("/profile?seconds=5");
  EXPECT_EQ(second.status, 500);
  EXPECT_THAT(second.body, StartsWith("Could not enable CPU profiling: cpu profiling already in use ("));
  loop.advance(5s);
  ASSERT_TRUE(*first);
  EXPECT_EQ((*first)->status, 200);
  EXPECT_EQ((*first)->headers.get("Content-Disposition"), "attachment; filename=\"profile\"");
  EXPECT_THAT((*first)->body, StartsWith("\x1f\x8b"));

  const auto third = begin("/profile?seconds=1");
  loop.advance(1s);
  ASSERT_TRUE(*third);
  EXPECT_EQ((*third)->status, 200) << "the profiler is free again";
}

TEST_F(PprofEndpoints, TheCommandLineIsOnesOwn) {
  EXPECT_THAT(ask("/cmdline").body, HasSubstr("services_test"));
}

}  // namespace
}  // namespace invar::services
