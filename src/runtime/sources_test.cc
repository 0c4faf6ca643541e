#include "runtime/sources.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fs/testing/temp_dir.h"

namespace invar::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

class ReadSources : public ::testing::Test {
 protected:
  std::string error_of(const std::string& at) {
    const auto sources = read_sources(*fs::posix(), at);
    return sources ? "no error" : sources.error().message;
  }

  fs::testing::TempDir dir_;
};

TEST_F(ReadSources, AFileIsReadWholeUnderTheNameGiven) {
  const std::string file = dir_.write("any.name", "x \"y\" { }\r\n\n");
  const auto sources = read_sources(*fs::posix(), file);
  ASSERT_TRUE(sources) << sources.error().message;
  ASSERT_EQ(sources->size(), 1u);
  EXPECT_EQ(sources->front().path, file);
  EXPECT_EQ(sources->front().text, "x \"y\" { }\r\n\n");
}

TEST_F(ReadSources, ADirectoryGivesItsAlloyFilesInPathOrder) {
  dir_.write("b.alloy", "b");
  dir_.write("a.alloy", "a");
  dir_.write("c.txt", "c");
  dir_.write("B.alloy", "B");
  ASSERT_TRUE(fs::posix()->make_directories(dir_.path("sub.alloy")));
  dir_.write("sub.alloy/z.alloy", "z");
  for (const std::string& at : {dir_.root(), dir_.root() + "/"}) {
    const auto sources = read_sources(*fs::posix(), at);
    ASSERT_TRUE(sources) << sources.error().message;
    std::vector<std::string> texts, paths;
    for (const SourceFile& source : *sources) {
      texts.push_back(source.text);
      paths.push_back(source.path);
    }
    EXPECT_THAT(texts, ElementsAre("B", "a", "b"));
    EXPECT_THAT(paths, ElementsAre(dir_.path("B.alloy"), dir_.path("a.alloy"), dir_.path("b.alloy")));
  }
}

TEST_F(ReadSources, AnEmptyDirectoryIsAnEmptyConfiguration) {
  const auto sources = read_sources(*fs::posix(), dir_.root());
  ASSERT_TRUE(sources);
  EXPECT_TRUE(sources->empty());
}

TEST_F(ReadSources, APipeIsNotReadAgain) {
  const std::string pipe = dir_.path("pipe.alloy");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& at : {pipe, dir_.root()}) {
    const auto sources = read_sources(*fs::posix(), at, Reading::kAgain);
    ASSERT_FALSE(sources);
    EXPECT_THAT(sources.error().message, StartsWith(pipe + " is a pipe"));
  }
}

TEST_F(ReadSources, AMissingPathSaysSo) {
  EXPECT_EQ(error_of(dir_.path("nope")), "stat " + dir_.path("nope") + ": no such file or directory");
}

TEST_F(ReadSources, AFileBeyondAllMeasureIsRefused) {
  const std::string file = dir_.write("a.alloy", "");
  ASSERT_EQ(truncate(file.c_str(), (off_t{64} << 20) + 1), 0);
  EXPECT_EQ(error_of(file), "read " + file + ": larger than 67108864 bytes");
  EXPECT_EQ(error_of("/dev/zero"), "read /dev/zero: larger than 67108864 bytes");
}

TEST_F(ReadSources, OtherEncodingsAreRefused) {
  EXPECT_EQ(error_of(dir_.write("a.alloy", std::string("\xff\xfe"
                                                       "a\0",
                                                       4))),
            "configuration is encoded with UTF16LittleEndian but must be utf8");
  EXPECT_EQ(error_of(dir_.write("b.alloy", "a = \"\xc3\x28\"")), "unknown encoding for config");
  EXPECT_EQ(error_of(dir_.write("c.alloy", std::string("\x7f"
                                                       "ELF\x02\x01\xff\xfe\x00",
                                                       9))),
            "unknown encoding for config");
}

TEST_F(ReadSources, InADirectoryTheErrorNamesTheFile) {
  dir_.write("a.alloy", "");
  dir_.write("b.alloy", "\xff");
  EXPECT_EQ(error_of(dir_.root()), dir_.path("b.alloy") + ": unknown encoding for config");
}

TEST(SourcesHash, CoversAllTextsInOrder) {
  EXPECT_EQ(sources_hash({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sources_hash({{"x", "ab"}, {"y", "c"}}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sources_hash({{"other", "abc"}}), sources_hash({{"x", "ab"}, {"y", "c"}}));
}

}  // namespace
}  // namespace invar::runtime
