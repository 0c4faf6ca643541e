// The arguments as text: defaults, texts of mistakes, what is accepted. pyroscope-scrape.md 2 and 3.
#include "components/pyroscope/scrape/arguments.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "components/pyroscope/scrape/profile_types.h"
#include "components/pyroscope/scrape/profiling_warnings.h"
#include "syntax/testing/evaluation.h"

namespace invar::components::pyroscope_scrape {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kRequired = "targets = []\nforward_to = []\n";

Arguments decoded(std::string_view body) {
  Arguments arguments;
  EXPECT_EQ(
      syntax::testing::decode_text(fmt::format("{}{}", kRequired, body), arguments_schema(), &arguments), "");
  return arguments;
}

std::string mistake(std::string_view body) {
  Arguments arguments;
  return syntax::testing::decode_text(fmt::format("{}{}", kRequired, body), arguments_schema(), &arguments);
}

TEST(Arguments, DefaultsAreTheDocumentedOnes) {
  const Arguments a = decoded("");
  EXPECT_FALSE(a.job_name.has_value()) << "the component's id";
  EXPECT_TRUE(a.params.empty());
  EXPECT_EQ(a.scrape_interval, seconds(15));
  EXPECT_EQ(a.timeout(), seconds(18));
  EXPECT_EQ(a.delta_duration(), seconds(14));
  EXPECT_EQ(a.scheme, "http");
  EXPECT_TRUE(a.client.follow_redirects);
  EXPECT_TRUE(a.client.enable_http2);
  EXPECT_FALSE(a.clustering.enabled);
  EXPECT_EQ(a.max_profile_bytes, 64u << 20);
  EXPECT_EQ(a.sample_limit, 0u);
  EXPECT_FALSE(a.scope_labels);
  EXPECT_FALSE(a.per_target_metrics);
  EXPECT_EQ(a.profiling.path_prefix, "");
}

TEST(Arguments, ProfileTypesHaveTheDocumentedDefaults) {
  struct Row {
    const char* name;
    bool enabled;
    const char* path;
    bool delta;
  };
  const std::vector<Row> want = {{"memory", true, "/debug/pprof/allocs", false},
                                 {"block", true, "/debug/pprof/block", false},
                                 {"goroutine", true, "/debug/pprof/goroutine", false},
                                 {"mutex", true, "/debug/pprof/mutex", false},
                                 {"process_cpu", true, "/debug/pprof/profile", true},
                                 {"fgprof", false, "/debug/fgprof", true},
                                 {"godeltaprof_memory", false, "/debug/pprof/delta_heap", false},
                                 {"godeltaprof_mutex", false, "/debug/pprof/delta_mutex", false},
                                 {"godeltaprof_block", false, "/debug/pprof/delta_block", false}};
  // A block that is written, but empty, keeps them.
  std::string blocks;
  for (const auto& row : want) blocks += fmt::format("profile.{} {{ }}\n", row.name);
  for (const auto& a : {decoded(""), decoded("profiling_config {\n" + blocks + "}\n")}) {
    const auto types = profile_types(a.profiling);
    ASSERT_EQ(types.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
      EXPECT_EQ(types[i].name, want[i].name);
      EXPECT_EQ(types[i].enabled, want[i].enabled) << want[i].name;
      EXPECT_EQ(types[i].path, want[i].path) << want[i].name;
      EXPECT_EQ(types[i].delta, want[i].delta) << want[i].name;
    }
  }
}

TEST(Arguments, EveryArgumentIsTaken) {
  const Arguments a = decoded(R"(
job_name                 = "j"
params                   = { "debug" = ["0", "1"] }
scrape_interval          = "30s"
scrape_timeout           = "40s"
delta_profiling_duration = "10s"
scheme                   = "https"
max_profile_bytes        = 1048576
sample_limit             = 100
scope_labels             = true
per_target_metrics       = true
http_headers             = { "X-A" = ["b"] }
clustering {
  enabled = true
}
profiling_config {
  path_prefix = "/p"
  profile.memory {
    enabled = false
  }
  profile.custom "wall" {
    enabled = true
    path    = "/wall"
    delta   = true
  }
})");
  EXPECT_EQ(a.job_name, "j");
  EXPECT_EQ(a.params.at("debug"), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(a.delta_duration(), seconds(10));
  EXPECT_EQ(a.scheme, "https");
  EXPECT_EQ(a.max_profile_bytes, 1u << 20);
  EXPECT_EQ(a.sample_limit, 100u);
  EXPECT_TRUE(a.scope_labels && a.per_target_metrics && a.clustering.enabled);
  EXPECT_EQ(a.client.http_headers.size(), 1u);
  EXPECT_FALSE(a.profiling.memory.enabled);
  EXPECT_EQ(a.profiling.memory.path, "/debug/pprof/allocs");
  ASSERT_EQ(a.profiling.custom.size(), 1u);
  EXPECT_EQ(a.profiling.custom[0].name, "wall");
  EXPECT_THAT(warnings(a), IsEmpty());
}

TEST(Arguments, MistakesHaveTheDocumentedTexts) {
  struct Row {
    const char *body, *text;
  };
  const std::vector<Row> rows = {
      {"scrape_timeout = \"0s\"", "scrape_timeout must be greater than 0"},
      {"scrape_timeout = \"-1s\"", "scrape_timeout must be greater than 0"},
      {"scrape_interval = \"0s\"", "scrape_interval must be greater than 0"},
      {"scrape_interval = \"1s\"", "scrape_interval must be at least 2 seconds when using delta profiling"},
      {"delta_profiling_duration = \"1s\"",
       "delta_profiling_duration must be larger than 1 second when using delta profiling"},
      {"delta_profiling_duration = \"15s\"",
       "delta_profiling_duration must be at least 1 second smaller than scrape_interval when using delta "
       "profiling"},
      {"scheme = \"ftp\"", "unknown scheme \"ftp\"; it is one of http and https"},
      {"max_profile_bytes = 0", "max_profile_bytes must be greater than 0"},
      {"max_profile_bytes = -1", "-1 must be a whole number that is not negative"},
      {"sample_limit = 1.5", "1.5 must be a whole number that is not negative"},
      {"bearer_token = \"a\"\nbearer_token_file = \"b\"",
       "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be "
       "configured"},
      {"clustering { }", "enabled"},
      {"profiling_config {\nprofile.custom \"a\" { }\n}", "enabled"},
      {"profiling_config {\nprofile.custom \"wall-time\" {\nenabled = true\npath = \"/x\"\n}\n}",
       "expected block label to be a valid identifier"},
      {"profiling_config {\nprofile.custom \"a\" {\nenabled = true\npath = \"/x\"\n}\n"
       "profile.custom \"a\" {\nenabled = true\npath = \"/y\"\n}\n}",
       "profile.custom \"a\" is defined twice"},
      {"profiling_config {\nprofile.custom \"memory\" {\nenabled = true\npath = \"/x\"\n}\n}",
       "profile.custom \"memory\" has the name of a fixed profile type: use the block profile.memory"},
      {"profiling_config {\nprofile.memory { }\nprofile.memory { }\n}", "profile.memory"},
      {"unknown = 1", "unknown"},
  };
  for (const auto& row : rows) EXPECT_THAT(mistake(row.body), HasSubstr(row.text)) << row.body;
  Arguments none;
  EXPECT_THAT(syntax::testing::decode_text("", arguments_schema(), &none), HasSubstr("targets"));
}

// The original refuses an interval of 5s, or one of 60s with the default timeout.
TEST(Arguments, AnIntervalAloneIsEnough) {
  const Arguments five = decoded("scrape_interval = \"5s\"");
  EXPECT_EQ(five.delta_duration(), seconds(4));
  const Arguments minute = decoded("scrape_interval = \"60s\"");
  EXPECT_EQ(minute.delta_duration(), seconds(59));
  EXPECT_THAT(warnings(minute), IsEmpty()) << "nothing was written that does not fit";
  // Without a delta type, the delta settings do not matter.
  EXPECT_EQ(mistake("scrape_interval = \"1s\"\ndelta_profiling_duration = \"1s\"\n"
                    "profiling_config {\nprofile.process_cpu {\nenabled = false\n}\n}"),
            "");
}

TEST(Arguments, WarnsAboutWhatWasWrittenAndSaysWhatHappens) {
  EXPECT_THAT(
      warnings(decoded("scrape_interval = \"60s\"\nscrape_timeout = \"18s\"")),
      ElementsAre(
          "scrape_timeout 18s is not larger than scrape_interval 1m0s: a slow answer is cut before the "
          "next scrape is due"));
  const Arguments tiny =
      decoded("scrape_interval = \"1ns\"\nprofiling_config {\nprofile.process_cpu { enabled = false }\n}");
  EXPECT_EQ(tiny.interval(), std::chrono::milliseconds(100));
  EXPECT_THAT(warnings(tiny), ElementsAre("scrape_interval 1ns is too short: 100ms is used"));
  EXPECT_THAT(
      warnings(decoded("profiling_config {\nprofile.godeltaprof_memory { enabled = true }\n}").profiling),
      ElementsAre(
          "profile.godeltaprof_memory and profile.memory are both enabled, and both are sent as memory: "
          "only profile.godeltaprof_memory is scraped, whose difference the target computes; set "
          "profile.memory { enabled = false }"));
  EXPECT_THAT(warnings(decoded("profiling_config {\nprofile.memory { enabled = false }\n"
                               "profile.godeltaprof_memory { enabled = true }\n}")
                           .profiling),
              IsEmpty());
  EXPECT_THAT(
      warnings(decoded("profiling_config {\nprofile.custom \"x\" {\nenabled = true\npath = \"/x?a=b\"\n}\n}")
                   .profiling),
      ElementsAre(HasSubstr(
          "profile.custom has the path \"/x?a=b\": what follows the ? or # is asked for as a part of")));
}

// As the reference shows them: no block that is as it would be without, whole settings of those that are not.
TEST(Arguments, ShowsTheProfilesThatAreNotAsUsual) {
  const Arguments a = decoded(
      "profiling_config {\nprofile.memory { path = \"/heap\" }\nprofile.fgprof { enabled = true }\n"
      "profile.mutex { enabled = true }\n}");
  std::vector<std::string> shown;
  for (const auto& statement : arguments_schema().to_body(&a).statements) {
    if (statement.name != "profiling_config") continue;
    for (const auto& profile : statement.body->statements) {
      for (const auto& field : profile.body->statements)
        shown.push_back(profile.name + " " + field.name + " = " + field.value->to_text());
    }
  }
  EXPECT_THAT(shown, ElementsAre("profile.memory enabled = true", "profile.memory path = \"/heap\"",
                                 "profile.fgprof enabled = true", "profile.fgprof path = \"/debug/fgprof\"",
                                 "profile.fgprof delta = true"));
}

TEST(Arguments, LiteralTargetsAndReceiversAreCheckedWithoutALoad) {
  const auto found = [](std::string_view body) {
    return syntax::testing::check_text(body, arguments_schema());
  };
  EXPECT_EQ(found("targets = [{\"__address__\" = \"a:1\"}, \"b\"]\nforward_to = []"),
            "1:37-1:39: target::ConvertFrom: conversion from 'string' is not supported (write "
            "{\"__address__\" = \"b\"})");
  EXPECT_EQ(
      found("targets = []\nforward_to = [\"x\"]"),
      "2:15-2:17: expected capsule, got string (a receiver is wanted, as in pyroscope.write.NAME.receiver)");
  EXPECT_EQ(found("targets = [sys.env(\"A\")]\nforward_to = []"), "");
}

TEST(Arguments, AListInTheListOfTargetsIsFlattened) {
  Arguments a;
  EXPECT_EQ(syntax::testing::decode_text("targets = [{\"__address__\" = \"a:1\"}, [{\"__address__\" = "
                                         "\"b:1\"}, {\"__address__\" = \"c:1\"}]]\n"
                                         "forward_to = []",
                                         arguments_schema(), &a),
            "");
  ASSERT_EQ(a.targets.targets.size(), 3u);
  EXPECT_EQ(a.targets.targets[2].get("__address__"), "c:1");
}

}  // namespace
}  // namespace invar::components::pyroscope_scrape
