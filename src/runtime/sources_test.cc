#include "runtime/sources.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::runtime {
namespace {

using ::testing::ElementsAre;

class ReadSources : public ::testing::Test {
 protected:
  ReadSources()
      : dir_(std::filesystem::temp_directory_path() /
             ("invar-sources-" + std::to_string(::getpid()) + "-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(dir_);
  }
  ~ReadSources() override { std::filesystem::remove_all(dir_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name, std::ios::binary) << text;
    return path(name);
  }
  std::string path(const std::string& name) const { return (dir_ / name).string(); }
  std::string error_of(const std::string& at) {
    const auto sources = read_sources(*fs::posix(), at);
    return sources ? "no error" : sources.error().message;
  }

  std::filesystem::path dir_;
};

TEST_F(ReadSources, AFileIsReadWholeUnderTheNameGiven) {
  const std::string file = write("any.name", "x \"y\" { }\r\n\n");
  const auto sources = read_sources(*fs::posix(), file);
  ASSERT_TRUE(sources) << sources.error().message;
  ASSERT_EQ(sources->size(), 1u);
  EXPECT_EQ(sources->front().path, file);
  EXPECT_EQ(sources->front().text, "x \"y\" { }\r\n\n");
}

TEST_F(ReadSources, ADirectoryGivesItsAlloyFilesInPathOrder) {
  write("b.alloy", "b");
  write("a.alloy", "a");
  write("c.txt", "c");
  write("B.alloy", "B");
  std::filesystem::create_directory(dir_ / "sub.alloy");
  std::ofstream(dir_ / "sub.alloy" / "z.alloy") << "z";
  for (const std::string& at : {dir_.string(), dir_.string() + "/"}) {
    const auto sources = read_sources(*fs::posix(), at);
    ASSERT_TRUE(sources) << sources.error().message;
    std::vector<std::string> texts, paths;
    for (const SourceFile& source : *sources) {
      texts.push_back(source.text);
      paths.push_back(source.path);
    }
    EXPECT_THAT(texts, ElementsAre("B", "a", "b"));
    EXPECT_THAT(paths, ElementsAre(path("B.alloy"), path("a.alloy"), path("b.alloy")));
  }
}

TEST_F(ReadSources, AnEmptyDirectoryIsAnEmptyConfiguration) {
  const auto sources = read_sources(*fs::posix(), dir_.string());
  ASSERT_TRUE(sources);
  EXPECT_TRUE(sources->empty());
}

TEST_F(ReadSources, AMissingPathSaysSo) {
  EXPECT_EQ(error_of(path("nope")), "stat " + path("nope") + ": no such file or directory");
}

TEST_F(ReadSources, AFileBeyondAllMeasureIsRefused) {
  const std::string file = write("a.alloy", "");
  std::filesystem::resize_file(file, (std::uintmax_t{64} << 20) + 1);
  EXPECT_EQ(error_of(file), "read " + file + ": larger than 67108864 bytes");
  EXPECT_EQ(error_of("/dev/zero"), "read /dev/zero: larger than 67108864 bytes");
}

TEST_F(ReadSources, OtherEncodingsAreRefused) {
  EXPECT_EQ(error_of(write("a.alloy", std::string("\xff\xfe"
                                                  "a\0",
                                                  4))),
            "configuration is encoded with UTF16LittleEndian but must be utf8");
  EXPECT_EQ(error_of(write("b.alloy", "a = \"\xc3\x28\"")), "unknown encoding for config");
  EXPECT_EQ(error_of(write("c.alloy", std::string("\x7f"
                                                  "ELF\x02\x01\xff\xfe\x00",
                                                  9))),
            "unknown encoding for config");
}

TEST_F(ReadSources, InADirectoryTheErrorNamesTheFile) {
  write("a.alloy", "");
  write("b.alloy", "\xff");
  EXPECT_EQ(error_of(dir_.string()), path("b.alloy") + ": unknown encoding for config");
}

TEST(SourcesHash, CoversAllTextsInOrder) {
  EXPECT_EQ(sources_hash({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sources_hash({{"x", "ab"}, {"y", "c"}}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sources_hash({{"other", "abc"}}), sources_hash({{"x", "ab"}, {"y", "c"}}));
}

}  // namespace
}  // namespace invar::runtime
