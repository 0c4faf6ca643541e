#include <fmt/format.h>

#include "app/commands.h"
#include "base/build_info.h"

namespace invar::app {

std::string version_text() {
  const BuildInfo& info = build_info();
  return fmt::format(
      "invar, version {} (branch: {}, revision: {})\n"
      "  build user:       {}\n"
      "  build date:       {}\n"
      "  compiler:         {}\n"
      "  platform:         {}\n",
      info.version, info.branch, info.revision, info.build_user, info.build_date, info.compiler,
      info.platform);
}

}  // namespace invar::app
