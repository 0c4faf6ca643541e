// What this binary is: filled in by the build (version from the CMake project and git).
#pragma once

#include <string>
#include <string_view>

namespace invar {

struct BuildInfo {
  std::string_view version;  // "v0.1.0" or "v0.1.0-devel"
  std::string_view branch;
  std::string_view revision;  // short commit, "unknown" outside git
  std::string_view build_user;
  std::string_view build_date;
  std::string_view compiler;  // "g++ 12.2.0"
  std::string_view platform;  // "linux/amd64"
};

const BuildInfo& build_info();

// "invar/<version> (<os>; <deploy mode>)". The mode is INVAR_DEPLOY_MODE if it is one of operator, helm, docker, deb, rpm,
// brew; else "binary".
std::string user_agent();

}  // namespace invar
