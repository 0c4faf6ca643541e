// What is served: the endpoints for operators and probes, and the JSON API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing/test_loop.h"
#include "services/endpoints.h"
#include "services/testing/ask.h"
#include "services/web_api.h"

namespace invar::services {
namespace {

using component::ComponentView;
using component::HealthState;
using component::Severity;
using testing::ask;
using ::testing::HasSubstr;
using ::testing::Not;

class Directory : public component::ComponentDirectory {
 public:
  [[nodiscard]] bool ready() const override { return is_ready; }
  [[nodiscard]] std::vector<ComponentView> list(std::string_view module) const override {
    return module.empty() ? views : std::vector<ComponentView>();
  }
  [[nodiscard]] std::optional<ComponentView> details(std::string_view id) const override {
    for (const ComponentView& view : views)
      if (view.local_id == id) return view;
    return {};
  }
  [[nodiscard]] std::vector<std::string> unhealthy_component_names() const override { return unhealthy; }

  bool is_ready = true;
  std::vector<ComponentView> views;
  std::vector<std::string> unhealthy;
};

class Routes : public ::testing::TestWithParam<const char*> {
 protected:
  Routes() {
    ComponentView& view = directory_.views.emplace_back();
    view.name = "pyroscope.write";
    view.local_id = "pyroscope.write.w";
    view.label = "w";
    view.health = {HealthState::kHealthy, "fine", 1'767'225'600'000'000'000};
    view.arguments.attribute("x", std::string("<y>"));
    view.problems = {{Severity::kDegraded, "http://a", "connection refused", 1'767'225'600'000'000'000},
                     {Severity::kFailing, "", "no disk", 0}};
    prefix_ = GetParam();
    const auto status = [this] {
      return StatusInput{
          .components = &directory_, .ledgers = nullptr, .config_path = "c", .prefix = prefix_};
    };
    add_endpoints(router_, {.components = &directory_,
                            .metrics = registry_.get(),
                            .reload =
                                [this](const std::function<void(const std::string&)>& done) {
                                  ++reloads_;
                                  done(reload_error_);
                                },
                            .status = status,
                            .prefix = prefix_});
    add_web_api(router_, prefix_, directory_, ledgers_, debug_, [] {
      return std::vector<component::ClusterPeer>{{"host", "127.0.0.1:1", "participant", true},
                                                 {"looks_on", "127.0.0.1:2", "viewer", false}};
    });
  }

  Directory directory_;
  async::testing::TestLoop loop_;
  LedgerWatch ledgers_{loop_, directory_};
  DebugStreams debug_{loop_, {}};
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  std::string prefix_, reload_error_;
  int reloads_ = 0;
  Router router_;
};

TEST_P(Routes, HealthAndReadinessAreForProbes) {
  EXPECT_EQ(ask(router_, "/-/healthy").status, 200);
  EXPECT_EQ(ask(router_, "/-/ready").status, 200);
  directory_.unhealthy = {"a.b", "c.d"};
  directory_.is_ready = false;
  EXPECT_EQ(ask(router_, "/-/healthy").status, 500);
  EXPECT_THAT(ask(router_, "/-/healthy").body, HasSubstr("unhealthy components: a.b, c.d"));
  EXPECT_EQ(ask(router_, "/-/ready").status, 503);
}

TEST_P(Routes, AReloadIsAnsweredWithWhatItSays) {
  EXPECT_EQ(ask(router_, "POST", "/-/reload").status, 200);
  reload_error_ = "1:2: nonsense";
  const auto refused = ask(router_, "/-/reload");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("1:2: nonsense"));
  EXPECT_EQ(ask(router_, "HEAD", "/-/reload").status, 405);
  EXPECT_EQ(reloads_, 2);
}

TEST_P(Routes, MetricsAreText) {
  const auto scope = registry_->scope({});
  scope->counter("some_total", "Some.").add(3);
  const auto answer = ask(router_, "/metrics");
  EXPECT_THAT(answer.body, HasSubstr("some_total 3"));
  EXPECT_THAT(answer.headers.get("Content-Type"), HasSubstr("version=0.0.4"));
}

TEST_P(Routes, AComponentsHandlerIsNotThereAndNothingElseIsAComponent) {
  EXPECT_EQ(ask(router_, "/api/v0/component/pyroscope.write.w/x").status, 404);
  EXPECT_EQ(ask(router_, "/api/v0/component/pyroscope.write.other").status, 400);
}

TEST_P(Routes, ThePageAnswersEveryPathOfTheUiAndNoOther) {
  for (const char* path : {"", "component/pyroscope.write.w", "clustering"}) {
    const auto page = ask(router_, prefix_ + path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_THAT(page.headers.get("Content-Security-Policy"), HasSubstr("default-src 'self'"));
  }
  for (const char* path : {"/api/nothing", "/-/nothing", "/debug/nothing"})
    EXPECT_EQ(ask(router_, path).status, 404) << path;
  EXPECT_EQ(ask(router_, prefix_ + "favicon.ico").status, 404);
}

TEST_P(Routes, TheApiListsComponentsAndShowsOneWithItsProblems) {
  const std::string base = prefix_ + "api/v0/web/";
  const std::string list = ask(router_, base + "components").body;
  EXPECT_THAT(list, HasSubstr(R"("localID":"pyroscope.write.w")"));
  EXPECT_THAT(list, Not(HasSubstr("problems")));
  const std::string one = ask(router_, base + "components/pyroscope.write.w").body;
  EXPECT_THAT(one, HasSubstr(R"("arguments":[{"name":"x")"));
  EXPECT_THAT(one, HasSubstr(R"("problems":[{"severity":"degraded","what":"http://a",)"
                             R"("message":"connection refused","since":"2026-01-01T00:00:00Z"},)"
                             R"({"severity":"failing","what":"","message":"no disk"}])"));
  EXPECT_EQ(ask(router_, base + "components/other").status, 404);
}

TEST_P(Routes, TheApiKnowsModulesPeersAndTheLedger) {
  const std::string base = prefix_ + "api/v0/web/";
  EXPECT_EQ(ask(router_, base + "modules/none/components").status, 500);
  EXPECT_EQ(ask(router_, base + "modules/none").status, 404);
  EXPECT_EQ(ask(router_, base + "peers").body,
            R"([{"name":"host","addr":"127.0.0.1:1","isSelf":true,"state":"participant"}])");
  EXPECT_EQ(ask(router_, base + "remotecfg/components").body, "[]");
  EXPECT_EQ(ask(router_, base + "ledger").status, 200);
}

INSTANTIATE_TEST_SUITE_P(Prefixes, Routes, ::testing::Values("/", "/invar/"),
                         [](const auto& info) { return info.index == 0 ? "root" : "below"; });

}  // namespace
}  // namespace invar::services
