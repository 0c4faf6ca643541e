#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "component/testing/component_harness.h"
#include "components/local/file/arguments.h"
#include "components/local/file/component.h"
#include "fs/testing/temp_dir.h"

namespace invar::components::local_file {
namespace {

namespace stdfs = std::filesystem;
using component::HealthState;
using std::chrono::milliseconds;
using std::chrono::seconds;

class LocalFileTest : public ::testing::Test {
 protected:
  ~LocalFileTest() override { harness_.stop(); }
  std::string path(const std::string& name) const { return dir_.path(name); }
  void write(const std::string& name, const std::string& text) { dir_.write(name, text); }
  Arguments arguments(const std::string& name) {
    Arguments a;
    a.filename = path(name);
    return a;
  }
  void start(const Arguments& a) {
    const auto built = harness_.build(registration_, a);
    ASSERT_TRUE(built) << built.error().message;
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  // Longer than the pause behind an event, far shorter than the poll.
  void settle() { harness_.loop.advance(milliseconds(200)); }
  std::string content() const {
    return harness_.exports.empty() ? "none" : harness_.exports.back().as<Exports>().content.text;
  }

  fs::testing::TempDir dir_;
  component::Registration registration_ = registration();
  component::testing::ComponentHarness harness_{"local.file.x"};
};

TEST_F(LocalFileTest, ExportsTheBytesUntrimmedAtLoad) {
  write("f", " secret\n");
  Arguments a = arguments("f");
  a.is_secret = true;
  ASSERT_TRUE(harness_.build(registration_, a));
  EXPECT_EQ(content(), " secret\n") << "before start: dependents are evaluated next";
  EXPECT_TRUE(harness_.exports.back().as<Exports>().content.secret);
  EXPECT_EQ(harness_.component->health()->message, "read file");
  EXPECT_NE(harness_.metric_lines("local_file_timestamp_last_accessed_unix_seconds").find("} 1767225600"),
            std::string::npos);
}

TEST_F(LocalFileTest, AMissingFileFailsTheLoad) {
  const auto built = harness_.build(registration_, arguments("missing"));
  ASSERT_FALSE(built);
  EXPECT_TRUE(built.error().message.starts_with("failed to read file: ")) << built.error().message;
  EXPECT_NE(built.error().message.find(path("missing")), std::string::npos);
}

TEST_F(LocalFileTest, NoticesWritingReplacingDeletingAndRecreating) {
  write("f", "1");
  start(arguments("f"));
  write("f", "2");
  settle();
  EXPECT_EQ(content(), "2");
  write("g", "3");
  stdfs::rename(path("g"), path("f"));
  settle();
  EXPECT_EQ(content(), "3");
  stdfs::remove(path("f"));
  settle();
  EXPECT_EQ(content(), "3") << "the last content stays";
  EXPECT_EQ(harness_.component->health()->state, HealthState::kUnhealthy);
  EXPECT_TRUE(harness_.component->health()->message.starts_with("failed to read file: "));
  EXPECT_EQ(harness_.log_count("failed to read file"), 1);
  write("f", "4");
  settle();
  EXPECT_EQ(content(), "4");
  EXPECT_EQ(harness_.component->health()->state, HealthState::kHealthy);
}

TEST_F(LocalFileTest, NoticesASwappedSymbolicLinkOnTheWay) {
  stdfs::create_directory(path("v1"));
  stdfs::create_directory(path("v2"));
  write("v1/token", "one");
  write("v2/token", "two");
  stdfs::create_symlink("v1", path("..data"));
  stdfs::create_symlink("..data/token", path("token"));
  start(arguments("token"));
  EXPECT_EQ(content(), "one");
  stdfs::create_symlink("v2", path("..data.tmp"));
  stdfs::rename(path("..data.tmp"), path("..data"));
  settle();
  EXPECT_EQ(content(), "two");
  write("v2/token", "three");
  settle();
  EXPECT_EQ(content(), "three") << "the new target is watched";
}

TEST_F(LocalFileTest, NoticesASwappedDirectoryOnTheWay) {
  stdfs::create_directory(path("v1"));
  stdfs::create_directory(path("v2"));
  write("v1/token", "one");
  write("v2/token", "two");
  stdfs::create_directory_symlink(path("v1"), path("current"));
  start(arguments("current/token"));
  stdfs::create_directory_symlink(path("v2"), path("next"));
  stdfs::rename(path("next"), path("current"));
  settle();
  EXPECT_EQ(content(), "two");
}

TEST_F(LocalFileTest, OtherFilesOfTheDirectoryDoNotMatter) {
  write("f", "1");
  start(arguments("f"));
  const auto before = harness_.loop.pending_timers();
  write("other", "x");
  harness_.loop.run_until_idle();
  EXPECT_EQ(harness_.loop.pending_timers(), before) << "no reading was set off";
}

TEST_F(LocalFileTest, PollReadsAtItsFrequencyOnly) {
  write("f", "1");
  Arguments a = arguments("f");
  a.detector = Detector::kPoll;
  a.poll_frequency = seconds(10);
  start(a);
  write("f", "2");
  harness_.loop.advance(seconds(9));
  EXPECT_EQ(content(), "1");
  harness_.loop.advance(seconds(1));
  EXPECT_EQ(content(), "2");
}

TEST_F(LocalFileTest, UnchangedContentIsNotExportedAgain) {
  write("f", "1");
  start(arguments("f"));
  harness_.loop.advance(std::chrono::minutes(10));
  write("f", "1");
  settle();
  EXPECT_EQ(harness_.exports.size(), 1u);
}

TEST_F(LocalFileTest, ALargeFileIsReadOnThePool) {
  write("f", std::string(300 << 10, 'x'));
  harness_.pool.set_paused(true);
  ASSERT_TRUE(harness_.build(registration_, arguments("f")));
  harness_.component->start();
  harness_.loop.run_until_idle();
  EXPECT_TRUE(harness_.exports.empty()) << "not on the loop";
  harness_.pool.set_paused(false);
  harness_.loop.run_until_idle();
  EXPECT_EQ(content().size(), 300u << 10);
}

TEST_F(LocalFileTest, UpdateReadsTheNewFileAndFailsForAMissingOne) {
  write("f", "1");
  write("g", "2");
  start(arguments("f"));
  ASSERT_TRUE(harness_.update(registration_, arguments("g")));
  EXPECT_EQ(content(), "2");
  EXPECT_FALSE(harness_.update(registration_, arguments("missing")));
  EXPECT_EQ(content(), "2");
  write("missing", "3");
  ASSERT_TRUE(harness_.update(registration_, arguments("missing")));
  EXPECT_EQ(content(), "3");
  EXPECT_TRUE(harness_.stop());
  EXPECT_EQ(harness_.loop.pending_timers(), 0u);
}

TEST(LocalFileArguments, Validation) {
  EXPECT_EQ(parse_detector("inotify").error().message,
            R"(unrecognized detector "inotify"; it is one of fsnotify and poll (did you mean "fsnotify"?))");
  EXPECT_EQ(to_string(*parse_detector("poll")), "poll");
  Arguments a;
  EXPECT_EQ(arguments_schema().check(&a).error().message, "filename must not be empty");
  a.filename = "name";
  a.poll_frequency = Duration::zero();
  EXPECT_EQ(arguments_schema().check(&a).error().message, "poll_frequency must be greater than 0");
}

}  // namespace
}  // namespace invar::components::local_file
