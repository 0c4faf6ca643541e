#include "fs/clean_path.h"

#include <gtest/gtest.h>

namespace invar::fs {
namespace {

TEST(Path, CleansLexically) {
  const struct {
    const char* path;
    const char* clean;
  } cases[] = {
      {"", "."},       {".", "."},      {"a", "a"},          {"./a//b/", "a/b"},
      {"a/../b", "b"}, {"a/..", "."},   {"../a", "../a"},    {"a/../../b", "../b"},
      {"/", "/"},      {"/../a", "/a"}, {"/a/./b/..", "/a"},
  };
  for (const auto& c : cases) EXPECT_EQ(clean_path(c.path), c.clean) << c.path;
}

TEST(Path, TheDirectoryOfAFile) {
  EXPECT_EQ(directory_of("a"), ".");
  EXPECT_EQ(directory_of("/a"), "/");
  EXPECT_EQ(directory_of("a/b.alloy"), "a");
  EXPECT_EQ(directory_of("/a/b/c"), "/a/b");
}

}  // namespace
}  // namespace invar::fs
