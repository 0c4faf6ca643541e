// The configuration as it lies on disk: one file or a directory of them, and what `module_path` says in it.
// Threads: any; reading blocks. Source: runtime.md 2.
#pragma once

#include <string>
#include <vector>

#include "fs/filesystem.h"
#include "runtime/controller.h"

namespace invar::app {

struct ConfigFiles {
  std::vector<runtime::SourceFile> sources;
  std::string module_path;  // the directory of the configuration; "." for a bare file name
};

// Errors: those of runtime::read_sources().
Result<ConfigFiles> read_config(fs::FileSystem& files, const std::string& path, runtime::Reading reading);

}  // namespace invar::app
