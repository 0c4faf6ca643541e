#include "base/build_info.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace invar {
namespace {

TEST(BuildInfo, EveryFieldSaysSomething) {
  const BuildInfo& info = build_info();
  EXPECT_TRUE(info.version.starts_with("v0.")) << info.version;
  for (const std::string_view field : {info.branch, info.revision, info.build_user, info.build_date})
    EXPECT_FALSE(field.empty());
  EXPECT_NE(info.compiler.find(' '), std::string_view::npos);
  EXPECT_TRUE(info.platform.starts_with("linux/"));
}

TEST(BuildInfo, UserAgentNamesKnownDeployModesOnly) {
  const std::string start = "invar/" + std::string(build_info().version) + " (linux; ";
  const struct {
    const char* mode;
    const char* want;
  } rows[] = {{nullptr, "binary)"}, {"docker", "docker)"},   {"deb", "deb)"},
              {"helm", "helm)"},    {"evil\r\n", "binary)"}, {"", "binary)"}};
  for (const auto& row : rows) {
    if (row.mode == nullptr) {
      ::unsetenv("INVAR_DEPLOY_MODE");
    } else {
      ::setenv("INVAR_DEPLOY_MODE", row.mode, 1);
    }
    EXPECT_EQ(user_agent(), start + row.want);
  }
  ::unsetenv("INVAR_DEPLOY_MODE");
}

}  // namespace
}  // namespace invar
