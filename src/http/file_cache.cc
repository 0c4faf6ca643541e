#include "http/file_cache.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace invar::http {
namespace {

constexpr std::uint64_t kMaxFileBytes = 4u << 20;

// "open /x: no such file" -> "no such file": our sentence names the path itself.
Error unreadable(const std::string& path, const Error& error) {
  std::string_view why = error.message;
  if (const auto at = why.find(path + ": "); at != std::string_view::npos)
    why.remove_prefix(at + path.size() + 2);
  return {error.code, fmt::format("unable to read file {}: {}", path, why)};
}

}  // namespace

Result<std::shared_ptr<const std::string>> FileCache::load(const std::string& path) {
  auto bytes = files_->read_file(path, kMaxFileBytes);
  if (!bytes) return std::unexpected(unreadable(path, bytes.error()));
  if (bytes->empty()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("unable to read file {}: the file is empty", path));
  }
  return share(*std::move(bytes));
}

Result<std::shared_ptr<const std::string>> FileCache::read(const std::string& path) {
  const auto now = loop_->now();
  const auto found = entries_.find(path);
  if (found != entries_.end() && found->second.content && now - found->second.checked < max_age_) {
    return found->second.content;
  }
  const auto stat = files_->stat(path);
  if (!stat) {
    entries_.erase(path);
    return std::unexpected(unreadable(path, stat.error()));
  }
  if (found != entries_.end() && found->second.content) {
    Entry& entry = found->second;
    const bool same = entry.stat.mtime_unix_ns == stat->mtime_unix_ns &&
                      entry.stat.size_bytes == stat->size_bytes && entry.stat.inode == stat->inode;
    if (same) {
      entry.checked = now;
      return entry.content;
    }
  }
  auto content = load(path);
  // A rewrite with the same bytes keeps the old pointer: nobody rebuilds anything for it.
  if (content && found != entries_.end() && found->second.content && **found->second.content == **content) {
    content = found->second.content;
  }
  entries_.insert_or_assign(path, Entry{*stat, now, content});
  return content;
}

}  // namespace invar::http
