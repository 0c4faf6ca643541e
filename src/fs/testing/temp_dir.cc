#include "fs/testing/temp_dir.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/check.h"

namespace invar::fs::testing {

TempDir::TempDir() : TempDir(std::filesystem::temp_directory_path().string()) {}

TempDir::TempDir(const std::string& parent) {
  std::string pattern = parent + "/invar-XXXXXX";
  INVAR_CHECK(mkdtemp(pattern.data()) != nullptr, "no temporary directory");
  root_ = std::filesystem::canonical(pattern).string();
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

std::string TempDir::write(const std::string& name, std::string_view text) const {
  std::ofstream(path(name), std::ios::binary | std::ios::trunc) << text;
  return path(name);
}

}  // namespace invar::fs::testing
