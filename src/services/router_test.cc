#include "services/router.h"

#include <gtest/gtest.h>

#include "services/testing/ask.h"

namespace invar::services {
namespace {

using testing::ask;

http::Handler says(std::string text) {
  return [text = std::move(text)](const http::ServerRequest& request, const http::ResponderPtr& responder) {
    responder->send({200, {}, text + " " + request.path});
  };
}

TEST(Router, ExactPathsWinOverPrefixesAndLongerPrefixesOverShorterOnes) {
  Router router;
  router.add("/", {}, says("all"));
  router.add("/api/", {}, says("api"));
  router.add("/api/v1/", {}, says("v1"));
  router.add("/api/v1/x", {}, says("x"));
  router.add_exact("/api/v1/exact/", {}, says("exact"));
  EXPECT_EQ(ask(router, "/other").body, "all /other");
  EXPECT_EQ(ask(router, "/api/v2/y").body, "api /api/v2/y");
  EXPECT_EQ(ask(router, "/api/v1/").body, "v1 /api/v1/");
  EXPECT_EQ(ask(router, "/api/v1/x").body, "x /api/v1/x");
  EXPECT_EQ(ask(router, "/api/v1/x/y").body, "v1 /api/v1/x/y");
  EXPECT_EQ(ask(router, "/api/v1/exact/").body, "exact /api/v1/exact/");
  EXPECT_EQ(ask(router, "/api/v1/exact/y").body, "v1 /api/v1/exact/y");
}

TEST(Router, AnUnknownPathIs404AndAnotherMethod405WithTheOnesThatThereAre) {
  Router router;
  router.add("/-/reload", {"GET", "POST"}, says("reload"));
  EXPECT_EQ(ask(router, "/nothing").status, 404);
  EXPECT_EQ(ask(router, "POST", "/-/reload").status, 200);
  const auto refused = ask(router, "DELETE", "/-/reload");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.headers.get("Allow"), "GET, POST");
  EXPECT_EQ(ask(router, "HEAD", "/-/reload").status, 405) << "it does something";
}

TEST(Router, BelowThePrefixIsWhatIsBelowTheRootUnlessItHasARouteOfItsOwn) {
  Router router;
  router.add("/metrics", {}, says("metrics"));
  router.add("/debug/", {}, says("debug"));
  router.add("/invar/", {}, says("page"));
  router.add("/invar/api/", {}, says("api"));
  router.also_below("/invar/");
  EXPECT_EQ(ask(router, "/invar/metrics").body, "metrics /metrics");
  EXPECT_EQ(ask(router, "/invar/debug/pprof/heap").body, "debug /debug/pprof/heap");
  EXPECT_EQ(ask(router, "/invar/api/x").body, "api /invar/api/x");
  EXPECT_EQ(ask(router, "/invar/").body, "page /invar/");
  EXPECT_EQ(ask(router, "/invar/component/x").body, "page /invar/component/x");
  EXPECT_EQ(ask(router, "/metrics").body, "metrics /metrics");
  EXPECT_EQ(ask(router, "/invarmetrics").status, 404);
}

}  // namespace
}  // namespace invar::services
