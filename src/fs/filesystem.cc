#include "fs/filesystem.h"

namespace invar::fs {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<> write_whole(FileSystem& fs, const std::string& path, std::string_view bytes, unsigned permissions,
                     bool sync) {
  INVAR_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.open(path, OpenMode::kCreateNew, permissions));
  INVAR_TRY(file->append(bytes));
  if (sync) INVAR_TRY(file->sync_data());
  return file->close();
}

}  // namespace

Result<> FileSystem::write_file_atomically(const std::string& path, std::string_view bytes,
                                           unsigned permissions, bool sync) {
  const std::string temporary = path + ".tmp";
  // A leftover of a crash may be in the way.
  if (auto removed = remove(temporary); !removed && removed.error().code != ErrorCode::kNotFound)
    return removed;
  Result<> done = write_whole(*this, temporary, bytes, permissions, sync);
  if (done) done = rename(temporary, path);
  if (!done) {
    (void)remove(temporary);
    return done;
  }
  return sync ? sync_directory(parent_of(path)) : done;
}

}  // namespace invar::fs
