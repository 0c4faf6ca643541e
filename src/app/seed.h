// The instance's identity: STORAGE/invar_seed.json = {"UID", "created_at", "version"}. Spec: runtime.md 12.6.
#pragma once

#include <string>

#include "base/log.h"
#include "base/time.h"
#include "fs/filesystem.h"

namespace invar::app {

// Reads the seed, or creates it. When the folder cannot be written: an error log and an id for this process
// only.
std::string load_or_create_uid(fs::FileSystem& files, const std::string& storage_path, UnixNanos now_unix_ns,
                               const log::Logger& logger);

}  // namespace invar::app
