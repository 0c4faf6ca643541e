#include "fs/glob.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fs/testing/temp_dir.h"

namespace invar::fs {
namespace {

namespace stdfs = std::filesystem;

TEST(Glob, MatchesOneName) {
  const struct {
    const char *pattern, *name;
    bool want;
  } rows[] = {
      {"a.json", "a.json", true},
      {"a.json", "b.json", false},
      {"*", "", true},
      {"*.json", "a.json", true},
      {"*.json", "a.yml", false},
      {"a*b*c", "axxbxxc", true},
      {"a*b*c", "axxbxx", false},
      {"?", "日", true},
      {"??", "日", false},
      {"[a-c]x", "bx", true},
      {"[^a-c]x", "bx", false},
      {"[^a-c]x", "dx", true},
      {"[\\]]", "]", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"[ab]*[0-9]", "b77", true},
      {"", "", true},
      {"", "a", false},
      {"*a", "aaab", false},
      {"[-]", "-", false},
      {"[]a]", "a", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(glob_match(row.pattern, row.name), row.want) << row.pattern << " " << row.name;
}

TEST(Glob, TimeIsBounded) {
  std::string pattern;
  for (int i = 0; i < 30; ++i) pattern += "*a";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(2000, 'a')));
}

TEST(Glob, MalformedPatternsAreKnown) {
  for (const char* bad : {"[", "[a", "[a-", "[-a]", "[]a]", "x\\", "[a-]", "[\\"})
    EXPECT_FALSE(valid_glob(bad)) << bad;
  for (const char* good : {"", "*", "[a]", "[^a]", "\\[", "[a-z0-9]", "[\\-]"})
    EXPECT_TRUE(valid_glob(good)) << good;
}

TEST(Glob, ExpandsOverDirectories) {
  const testing::TempDir temporary;
  const std::string& dir = temporary.root();
  for (const char* name : {"a", "b", "c"}) {
    stdfs::create_directory(dir + "/" + name);
    std::ofstream(dir + "/" + name + "/2.json") << "[]";
    std::ofstream(dir + "/" + name + "/1.json") << "[]";
  }
  const auto files = posix();
  EXPECT_EQ(
      expand_glob(dir + "/[ab]/*.json", *files),
      (std::vector<std::string>{dir + "/a/1.json", dir + "/a/2.json", dir + "/b/1.json", dir + "/b/2.json"}));
  EXPECT_EQ(expand_glob(dir + "/c/1.json", *files), (std::vector<std::string>{dir + "/c/1.json"}));
  EXPECT_TRUE(expand_glob(dir + "/c/9.json", *files).empty());
  EXPECT_TRUE(expand_glob(dir + "/missing/*.json", *files).empty());
}

}  // namespace
}  // namespace invar::fs
