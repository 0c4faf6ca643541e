#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/local/file_match/arguments.h"
#include "components/local/file_match/component.h"
#include "components/local/file_match/path_pattern.h"
#include "fs/testing/temp_dir.h"

namespace invar::components::local_file_match {
namespace {

namespace stdfs = std::filesystem;
using component::Target;
using std::chrono::seconds;

TEST(PathPattern, MatchesWholePaths) {
  const struct {
    const char *pattern, *path;
    bool want;
  } rows[] = {
      {"/tmp/*.log", "/tmp/a.log", true},
      {"/tmp/*.log", "/tmp/x/a.log", false},
      {"/tmp/**/*.log", "/tmp/a.log", true},
      {"/tmp/**/*.log", "/tmp/x/y/a.log", true},
      {"/tmp/**/*.log", "/tmp/x/y/a.txt", false},
      {"/tmp/**", "/tmp", true},
      {"/tmp/**", "/tmp/x/y", true},
      {"/**/b/**/c", "/a/b/c", true},
      {"/**/b/**/c", "/b/x/b/y/c", true},
      {"/**/b/**/c", "/a/c", false},
      {"/tmp/**x", "/tmp/yx", true},
      {"/tmp/**x", "/tmp/y/x", false},
      {"/tmp/*.{log,txt}", "/tmp/a.txt", true},
      {"/tmp/*.{log,txt}", "/tmp/a.json", false},
      {"/{a,b{c,d/**}}/e", "/bc/e", true},
      {"/{a,b{c,d/**}}/e", "/bd/x/e", true},
      {"/{a,b{c,d/**}}/e", "/b/e", false},
      {"/a{,.1}", "/a", true},
      {"/[!a]", "/b", true},
      {"/[!a]", "/a", false},
      {"/[^a]", "/b", true},
      {"/[{]", "/{", true},
      {"/\\{a,b}", "/{a,b}", true},
      {"/a/./b//c", "/a/b/c", true},
      {"/a/../b", "/b", true},
  };
  for (const auto& row : rows) {
    const auto pattern = PathPattern::parse(row.pattern);
    ASSERT_TRUE(pattern) << row.pattern;
    EXPECT_EQ(pattern->matches(row.path), row.want) << row.pattern << " " << row.path;
  }
}

TEST(PathPattern, SaysWhatIsWrong) {
  EXPECT_EQ(PathPattern::parse("a").error().message, "it is not absolute");
  EXPECT_EQ(PathPattern::parse("/a{b").error().message, "a { without its }");
  EXPECT_EQ(PathPattern::parse("/x/[a").error().message, "\"[a\" has a syntax error");
  EXPECT_EQ(PathPattern::parse("/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}").error().message,
            "more than 1000 combinations of its { }");
}

class FileMatchTest : public ::testing::Test {
 protected:
  void write(const std::string& path) {
    stdfs::create_directories(stdfs::path(root_ + "/" + path).parent_path());
    std::ofstream(root_ + "/" + path) << "x";
  }
  void start(std::vector<Target::Map> maps) {
    for (auto& map : maps) arguments_.path_targets.targets.emplace_back(std::move(map));
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  // Below the root, one a line, with what else they are labelled with.
  std::string found() const {
    if (harness_.exports.empty()) return "none";
    std::string out;
    for (const auto& target : harness_.exports.back().as<component::TargetExports>().targets) {
      out += target.get("__path__").substr(root_.size() + 1);
      if (const auto team = target.get("team"); !team.empty()) out += " " + std::string(team);
      out += "\n";
    }
    return out;
  }

  const fs::testing::TempDir temporary_;
  const std::string root_ = temporary_.root();
  Arguments arguments_;
  component::Registration registration_ = registration();
  component::testing::ComponentHarness harness_{"local.file_match.x"};
};

TEST_F(FileMatchTest, EachFileIsATargetWithTheLabelsOfItsPattern) {
  write("a.log");
  write("x/b.log");
  write("x/y/c.log");
  write("x/y/c.txt");
  write("x/old/d.log");
  stdfs::create_directory(root_ + "/dir.log");
  start({{{"__path__", root_ + "/**/*.log"}, {"__path_exclude__", root_ + "/x/old/*"}, {"team", "shop"}},
         {{"__path__", root_ + "/x/y/*.{txt,csv}"}},
         {{"__path__", root_ + "/a.log"}}});
  EXPECT_EQ(found(), "a.log shop\nx/b.log shop\nx/y/c.log shop\nx/y/c.txt\na.log\n");
  EXPECT_EQ(harness_.component->health()->state, component::HealthState::kHealthy);

  write("x/new.log");
  stdfs::remove(root_ + "/a.log");
  harness_.loop.advance(seconds(15));
  EXPECT_EQ(found(), "x/b.log shop\nx/new.log shop\nx/y/c.log shop\nx/y/c.txt\n");
}

TEST_F(FileMatchTest, LinksAreFollowedWhereThePatternNamesThem) {
  write("real/a.log");
  stdfs::create_directory_symlink(root_ + "/real", root_ + "/link");
  stdfs::create_directory_symlink(root_, root_ + "/real/loop");
  start({{{"__path__", root_ + "/**/*.log"}}, {{"__path__", root_ + "/li*/*.log"}}});
  EXPECT_EQ(found(), "real/a.log\nlink/a.log\n");
}

TEST_F(FileMatchTest, OldFilesMayBeLeftOut) {
  write("new.log");
  write("old.log");
  const auto changed = stdfs::last_write_time(root_ + "/new.log");
  stdfs::last_write_time(root_ + "/old.log", changed - std::chrono::hours(3));
  const auto stat = fs::posix()->stat(root_ + "/new.log");
  ASSERT_TRUE(stat);
  harness_.loop.set_unix_ns(stat->mtime_unix_ns + 1'000'000'000);
  arguments_.ignore_older_than = std::chrono::hours(1);
  start({{{"__path__", root_ + "/*.log"}}});
  EXPECT_EQ(found(), "new.log\n");
}

TEST_F(FileMatchTest, AMistakeInOneTargetIsNamedAndTheOthersGoOn) {
  write("a.log");
  start({{{"team", "x"}}, {{"__path__", "/x/[a"}}, {{"__path__", root_ + "/*"}}});
  EXPECT_EQ(found(), "a.log\n");
  const auto problems = harness_.component->problems(component::Severity::kDegraded);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].sentence,
            "path_targets[0]: it has no label __path__; path_targets[1]: the pattern \"/x/[a\": \"[a\" has a "
            "syntax error");
}

TEST(FileMatchArguments, AreChecked) {
  Arguments arguments;
  EXPECT_TRUE(arguments_schema().check(&arguments));
  arguments.sync_period = Duration::zero();
  EXPECT_EQ(arguments_schema().check(&arguments).error().message, "sync_period must be greater than 0");
}

}  // namespace
}  // namespace invar::components::local_file_match
