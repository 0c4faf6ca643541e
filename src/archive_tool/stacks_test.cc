// What top, tree, diff and export print.
#include <gmock/gmock.h>

#include "archive_tool/commands.h"
#include "archive_tool/testing/tool_test.h"
#include "pprof/merge.h"
#include "pprof/testing/random_profile.h"

namespace invar::archive_tool {
namespace {

using ::testing::HasSubstr;
using namespace archive_tool::testing;

const std::vector<pprof::SampleType> kTypes = {{"samples", "count"}, {"cpu", "nanoseconds"}};
const pprof::Profile kBefore =
    profile_of(kTypes, {"main;serve;parse 3 30000000", "main;serve 1 10000000", "main;idle 6 60000000"});
const pprof::Profile kAfter =
    profile_of(kTypes, {"main;serve;parse 8 80000000", "main;idle 4 40000000", "main;new;f 2 20000000"});

class Stacks : public ToolTest {
 protected:
  Stacks() {
    before_ = store({{"__name__", "process_cpu"}, {"version", "1"}}, kStart, kBefore);
    after_ = store({{"__name__", "process_cpu"}, {"version", "2"}}, kStart + 60 * kSecond, kAfter);
    cpu_ = archive_;
    cpu_.sample_type = "cpu";
  }
  std::string message(const Result<int>& result) { return result ? "" : result.error().message; }
  std::string before_, after_;
  Selection cpu_;
};

TEST_F(Stacks, Top) {
  ASSERT_EQ(top(environment_, {.selection = cpu_}), 0) << err();
  EXPECT_EQ(out(),
            "cpu: 240 ms in 2 profiles\n"
            "       SELF   SELF%       TOTAL  TOTAL%  FUNCTION\n"
            "     110 ms   45.8%      110 ms   45.8%  parse\n"
            "     100 ms   41.7%      100 ms   41.7%  idle\n"
            "    20.0 ms    8.3%     20.0 ms    8.3%  f\n"
            "    10.0 ms    4.2%      120 ms   50.0%  serve\n"
            "        0 s    0.0%      240 ms  100.0%  main\n"
            "        0 s    0.0%     20.0 ms    8.3%  new\n");
  ASSERT_EQ(top(environment_, {.selection = cpu_, .cum = true, .limit = 2}), 0);
  EXPECT_THAT(out(), ::testing::EndsWith("main\n    10.0 ms    4.2%      120 ms   50.0%  serve\n"));
  ASSERT_EQ(top(environment_, {.selection = cpu_, .stacks = {.focus = "^par.e$"}, .limit = 1}), 0);
  EXPECT_EQ(out(),
            "cpu: 240 ms in 2 profiles, 110 ms (45.8%) shown\n"
            "       SELF   SELF%       TOTAL  TOTAL%  FUNCTION\n"
            "     110 ms   45.8%      110 ms   45.8%  parse\n");
  ASSERT_EQ(top(environment_, {.selection = cpu_, .stacks = {.ignore = "serve\\.go|idle"}}),
            0);  // files count too
  EXPECT_THAT(out(), HasSubstr("20.0 ms (8.3%) shown"));
  ASSERT_EQ(top(environment_, {.selection = cpu_, .stacks = {.lines = true}, .limit = 1}), 0);
  EXPECT_THAT(out(), HasSubstr("parse parse.go:3\n"));
  ASSERT_EQ(top(environment_, {.selection = archive_}), 0);
  EXPECT_THAT(out(), ::testing::StartsWith("samples: 24 in 2 profiles\n"));
  EXPECT_THAT(message(top(environment_, {.selection = cpu_, .stacks = {.focus = "("}})),
              HasSubstr("--focus: "));
}

TEST_F(Stacks, ProfilesOfSeveralKindsAskForAChoice) {
  store({{"__name__", "memory"}}, kStart, profile_of({{"inuse_space", "bytes"}}, {"main 5"}));
  EXPECT_THAT(message(top(environment_, {.selection = archive_})),
              HasSubstr("choose one kind with --selector"));
  EXPECT_EQ(top(environment_, {.selection = cpu_}), 0);
  EXPECT_EQ(err(), "");
  Selection none = archive_;
  none.selector = "goroutine";
  EXPECT_EQ(message(top(environment_, {.selection = none})), "no profile selected in /archive");
}

TEST_F(Stacks, Tree) {
  ASSERT_EQ(tree(environment_, {.selection = cpu_, .min_percent = 9}), 0);
  EXPECT_EQ(out(),
            "cpu: 240 ms in 2 profiles\n"
            "      TOTAL  TOTAL%        SELF  CALLS\n"
            "     240 ms  100.0%              └ main\n"
            "     120 ms   50.0%     10.0 ms    ├ serve\n"
            "     110 ms   45.8%      110 ms    │ └ parse\n"
            "     100 ms   41.7%      100 ms    ├ idle\n"
            "    20.0 ms    8.3%                └ (1 more)\n");
  ASSERT_EQ(tree(environment_, {.selection = cpu_, .max_depth = 1}), 0);
  EXPECT_THAT(out(), ::testing::EndsWith("└ main\n     240 ms  100.0%                └ (3 more)\n"));
}

TEST_F(Stacks, Diff) {
  ASSERT_EQ(diff(environment_, {.before = before_, .after = after_, .common = cpu_}), 0) << err();
  EXPECT_EQ(out(), "before: 1 profiles of " + before_ + "\nafter:  1 profiles of " + after_ +
                       "\n\n"
                       "cpu: 100 ms -> 140 ms, +40.0 ms (+40.0%)\n"
                       "     BEFORE       AFTER       CHANGE   OF ALL  FUNCTION\n"
                       "    30.0 ms     80.0 ms     +50.0 ms   +50.0%  parse\n"
                       "        0 s     20.0 ms     +20.0 ms   +20.0%  f\n"
                       "    60.0 ms     40.0 ms     -20.0 ms   -20.0%  idle\n"
                       "    10.0 ms         0 s     -10.0 ms   -10.0%  serve\n");
  ASSERT_EQ(diff(environment_, {.before = "/archive{version=\"1\"}",
                                .after = "/archive{version=\"2\"}",
                                .common = cpu_,
                                .normalize = true}),
            0);
  EXPECT_THAT(out(), HasSubstr("cpu: 100 ms -> 100 ms, 0 s (0.0%)\n"));
  ASSERT_EQ(diff(environment_, {.before = before_, .after = after_, .output = "/diff.pb.gz"}), 0);
  pprof::Merger merger;
  ASSERT_TRUE(merger.add(*disk_->read_file("/diff.pb.gz"), 0));
  EXPECT_EQ(merger.merged().total(0, 1), 40'000'000);
}

TEST_F(Stacks, SidesOfADiff) {
  const auto side = [&](std::string_view text) {
    return parse_side(environment_, text, {.selector = "common", .until = "1h"});
  };
  auto parsed = side("/archive");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->selector, "common");
  EXPECT_EQ(parsed->until, "1h");
  parsed = side("/archive{a=\"}@\"}@2h..");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->paths, std::vector<std::string>{"/archive"});
  EXPECT_EQ(parsed->selector, "{a=\"}@\"}");
  EXPECT_EQ(parsed->since, "2h");
  EXPECT_EQ(parsed->until, "");
  EXPECT_EQ(side("/archive@2h..1h")->until, "1h");
  for (const char* bad : {"/archive{a", "/archive@2h", "/archive{a=\"b\"}2h..", "/missing@1h.."})
    EXPECT_FALSE(side(bad)) << bad;
}

TEST_F(Stacks, Export) {
  write("/odd.pb", pprof::serialize(profile_of({{"x", "count"}}, {"a;b 2", "a;b;c 3"})));
  Selection odd{.paths = {"/odd.pb"}};
  ASSERT_EQ(export_profiles(environment_, {.selection = odd}), 0);
  EXPECT_EQ(out(), "a;b 2\na;b;c 3\n");
  ASSERT_EQ(export_profiles(environment_, {.selection = odd, .format = "speedscope", .output = "/out.json"}),
            0);
  const std::string json = *disk_->read_file("/out.json");
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("shared":{"frames":[{"name":"b","file":"b.go"},{"name":"a","file":"a.go"},{"name":"c","file":"c.go"}]})"));
  EXPECT_THAT(
      json,
      HasSubstr(R"("unit":"none","startValue":0,"endValue":5,"samples":[[1,0],[1,0,2]],"weights":[2,3])"));
  EXPECT_THAT(message(export_profiles(environment_, {.selection = odd, .format = "pdf"})),
              HasSubstr("choose folded, speedscope or pprof"));
  environment_.columns = 80;
  EXPECT_THAT(message(merge(environment_, odd, "")), HasSubstr("name a file with -o"));
}

}  // namespace
}  // namespace invar::archive_tool
