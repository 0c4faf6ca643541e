#include "components/discovery/file/scan.h"

#include <gtest/gtest.h>

#include "components/discovery/file/arguments.h"

namespace invar::components::discovery_file {
namespace {

TEST(FilePattern, IsCheckedAtLoad) {
  const struct {
    const char* pattern;
    const char* want;  // "" when valid
  } rows[] = {
      {"a.json", ""},
      {"/etc/sd/*.yml", ""},
      {"sd/t*a*.YAML", ""},
      {"sd/?/[ab].Json", ""},
      {"a.txt",
       R"(path name "a.txt" is not valid for file discovery: it has to end in .json, .yml or .yaml)"},
      {"", R"(path name "" is not valid for file discovery: it has to end in .json, .yml or .yaml)"},
      {"*/a.json",
       R"(path name "*/a.json" is not valid for file discovery: a * may stand in the name of the file alone)"},
      {"**/a.json",
       R"(path name "**/a.json" is not valid for file discovery: a * may stand in the name of the file alone)"},
      {"sd/[a.json", R"(path name "sd/[a.json" has a syntax error in its pattern)"},
  };
  for (const auto& row : rows) {
    const auto checked = validate_pattern(row.pattern);
    EXPECT_EQ(checked ? "" : checked.error().message, row.want) << row.pattern;
  }
  Arguments a;
  a.files = {"a.json"};
  EXPECT_TRUE(arguments_schema().check(&a));
  a.refresh_interval = Duration::zero();
  EXPECT_EQ(arguments_schema().check(&a).error().message, "refresh_interval must be greater than 0");
}

TEST(WatchedDirectories, EndBeforeTheFirstWildcard) {
  EXPECT_EQ(directories_of({"/d/[ab]/*.json", "x.json", "/y.json", "/d/a/*.yml"}),
            (std::vector<std::string>{".", "/", "/d", "/d/a"}));
}

}  // namespace
}  // namespace invar::components::discovery_file
