#include "base/build_info.h"

#include <algorithm>
#include <array>
#include <cstdlib>

// Set for this file alone by cmake/build_info.cmake.
#ifndef INVAR_VERSION
#error "INVAR_VERSION comes from cmake/build_info.cmake"
#endif

#define INVAR_TEXT_INNER_(x) #x
#define INVAR_TEXT_(x) INVAR_TEXT_INNER_(x)

namespace invar {
namespace {

#if defined(__clang__)
constexpr std::string_view kCompiler = "clang++ " INVAR_TEXT_(__clang_major__) "." INVAR_TEXT_(
    __clang_minor__) "." INVAR_TEXT_(__clang_patchlevel__);
#else
constexpr std::string_view kCompiler =
    "g++ " INVAR_TEXT_(__GNUC__) "." INVAR_TEXT_(__GNUC_MINOR__) "." INVAR_TEXT_(__GNUC_PATCHLEVEL__);
#endif

#if defined(__x86_64__)
constexpr std::string_view kPlatform = "linux/amd64";
#elif defined(__aarch64__)
constexpr std::string_view kPlatform = "linux/arm64";
#else
constexpr std::string_view kPlatform = "linux/unknown";
#endif

}  // namespace

const BuildInfo& build_info() {
  static constexpr BuildInfo kInfo{
      .version = INVAR_VERSION,
      .branch = INVAR_BRANCH,
      .revision = INVAR_REVISION,
      .build_user = INVAR_BUILD_USER,
      .build_date = INVAR_BUILD_DATE,
      .compiler = kCompiler,
      .platform = kPlatform,
  };
  return kInfo;
}

std::string user_agent() {
  constexpr std::array<std::string_view, 6> kModes = {"operator", "helm", "docker", "deb", "rpm", "brew"};
  std::string_view mode = "binary";
  if (const char* given = std::getenv("INVAR_DEPLOY_MODE")) {
    if (const auto* known = std::ranges::find(kModes, std::string_view(given)); known != kModes.end())
      mode = *known;
  }
  std::string out = "invar/";
  out.append(build_info().version).append(" (linux; ").append(mode).append(")");
  return out;
}

}  // namespace invar
