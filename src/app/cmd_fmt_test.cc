#include "app/cmd_fmt.h"
#include "fs/testing/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace invar::app {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kUnformatted = "a=1\nbb =  2";
constexpr const char* kFormatted = "a  = 1\nbb = 2\n";
constexpr const char* kBroken = "a = ]\nb = )\n";

class FmtTest : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) { return dir_.write(name, text); }
  static std::string content(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  int run(FmtOptions options, const std::string& in = "") {
    std::istringstream input(in);
    std::ostringstream out, err;
    const int status = run_fmt(options, *fs::posix(), FmtStreams{input, out, err});
    out_ = out.str();
    err_ = err.str();
    return status;
  }

  fs::testing::TempDir dir_;
  std::string out_, err_;
};

TEST_F(FmtTest, PrintsTheFormattedText) {
  const std::string path = file("a", kUnformatted);
  EXPECT_EQ(run({.files = {path}}), 0);
  EXPECT_EQ(out_, kFormatted);
  EXPECT_EQ(err_, "");
  EXPECT_EQ(content(path), kUnformatted);
}

TEST_F(FmtTest, ReadsStandardInputWithoutAFileOrWithADash) {
  for (const std::vector<std::string>& files : {std::vector<std::string>{}, {"-"}}) {
    EXPECT_EQ(run({.files = files}, kUnformatted), 0);
    EXPECT_EQ(out_, kFormatted);
  }
  EXPECT_EQ(run({}, ""), 0);
  EXPECT_EQ(out_, "\n");
}

TEST_F(FmtTest, WriteRewritesInPlaceAndKeepsThePermissionBits) {
  const std::string path = file("a", kUnformatted);
  ASSERT_EQ(chmod(path.c_str(), 0604), 0);
  const std::string link = dir_.path("link");
  std::filesystem::create_symlink(path, link);
  EXPECT_EQ(run({.write = true, .files = {link}}), 0);
  EXPECT_EQ(out_ + err_, "");
  EXPECT_EQ(content(path), kFormatted);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(path).permissions()), 0604u);
}

TEST_F(FmtTest, WriteLeavesAFormattedFileAlone) {
  const std::string path = file("a", kFormatted);
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1);
  std::filesystem::last_write_time(path, old);
  const auto before = std::filesystem::last_write_time(path);
  EXPECT_EQ(run({.write = true, .files = {path}}), 0);
  EXPECT_EQ(std::filesystem::last_write_time(path), before);
}

TEST_F(FmtTest, TestComparesBytes) {
  EXPECT_EQ(run({.test = true, .files = {file("good", kFormatted)}}), 0);
  EXPECT_EQ(out_ + err_, "");
  const std::pair<const char*, const char*> rows[] = {
      {"spaces", kUnformatted},
      {"crlf", "a  = 1\r\nbb = 2\r\n"},
      {"bom",
       "\xEF\xBB\xBF"
       "a = 1\n"},
      {"no_newline", "a = 1"},
      {"blank_lines", "a = 1\n\n"},
  };
  for (const auto& [name, text] : rows) {
    const std::string path = file(name, text);
    EXPECT_EQ(run({.test = true, .files = {path}}), 1) << name;
    EXPECT_EQ(out_, "");
    EXPECT_EQ(err_, "Error: file " + path + " is not formatted correctly\n");
    EXPECT_EQ(content(path), text);
  }
  EXPECT_EQ(run({.test = true}, kUnformatted), 1);
  EXPECT_EQ(err_, "Error: file <stdin> is not formatted correctly\n");
}

TEST_F(FmtTest, SyntaxErrorsAreListedOnePerLineAndNothingIsWritten) {
  EXPECT_EQ(run({}, kBroken), 1);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_,
            "<stdin>:1:5: expected expression, got ]\n"
            "<stdin>:2:5: expected expression, got )\n"
            "Error: encountered errors during formatting\n");
  const std::string path = file("a", kBroken);
  EXPECT_EQ(run({.write = true, .files = {path}}), 1);
  EXPECT_THAT(err_, StartsWith(path + ":1:5: "));
  EXPECT_EQ(content(path), kBroken);
}

TEST_F(FmtTest, RefusesWrongArguments) {
  const struct {
    FmtOptions options;
    std::string message;
  } rows[] = {
      {{.write = true, .test = true, .files = {"x"}}, "cannot use -w/--write and -t/--test at the same time"},
      {{.write = true, .test = true}, "cannot use -w/--write and -t/--test at the same time"},
      {{.write = true}, "cannot use -w with standard input"},
      {{.write = true, .files = {"-"}}, "cannot use -w with standard input"},
      {{.files = {dir_.root()}}, "cannot format a directory"},
      {{.files = {"a", "b", "c"}}, "accepts between 0 and 1 arg(s), received 3"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(run(row.options, kUnformatted), 1) << row.message;
    EXPECT_EQ(out_, "");
    EXPECT_EQ(err_, "Error: " + row.message + "\n");
  }
}

TEST_F(FmtTest, AMissingFileNamesThePathAndTheReason) {
  const std::string path = dir_.path("missing");
  EXPECT_EQ(run({.files = {path}}), 1);
  EXPECT_THAT(err_, StartsWith("Error: "));
  EXPECT_THAT(err_, HasSubstr(path));
  EXPECT_THAT(err_, EndsWith("o such file or directory\n"));
}

TEST_F(FmtTest, UnknownComponentsAreFine) {
  EXPECT_EQ(run({}, "nobody.knows \"this\" {\n\tx = y.z\n}\n"), 0);
  EXPECT_EQ(err_, "");
}

}  // namespace
}  // namespace invar::app
