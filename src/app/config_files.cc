#include "app/config_files.h"

#include <filesystem>
#include <utility>

namespace invar::app {
namespace {

std::string directory_of(fs::FileSystem& files, const std::string& path) {
  const auto stat = files.stat(path);
  if (stat && stat->is_directory) return path;
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

Result<ConfigFiles> read_config(fs::FileSystem& files, const std::string& path, runtime::Reading reading) {
  ConfigFiles out;
  INVAR_ASSIGN_OR_RETURN(out.sources, runtime::read_sources(files, path, reading));
  out.module_path = directory_of(files, path);
  return out;
}

}  // namespace invar::app
