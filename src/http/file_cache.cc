#include "http/file_cache.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"

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

FileCache::Content load(fs::FileSystem& files, const std::string& path) {
  auto bytes = files.read_file(path, kMaxFileBytes);
  if (!bytes) return std::unexpected(unreadable(path, bytes.error()));
  if (bytes->empty()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("unable to read file {}: the file is empty", path));
  }
  return share(*std::move(bytes));
}

}  // namespace

FileCache::Seen FileCache::look_at(fs::FileSystem& files, const std::string& path,
                                   const std::optional<fs::Stat>& known) {
  const auto stat = files.stat(path);
  if (!stat) return {{}, std::unexpected(unreadable(path, stat.error()))};
  const bool same = known && known->mtime_unix_ns == stat->mtime_unix_ns &&
                    known->size_bytes == stat->size_bytes && known->inode == stat->inode;
  if (same) return {*stat, {}};
  return {*stat, load(files, path)};
}

bool FileCache::due(const Entry& entry) const {
  return !entry.good() || loop_->now() - entry.checked >= max_age_;
}

void FileCache::take(Entry& entry, Seen seen) {
  entry.checked = loop_->now();
  entry.stat = seen.stat;
  if (!seen.content) return;
  // A rewrite with the same bytes keeps the old pointer: nobody rebuilds anything for it.
  const bool same_bytes = *seen.content && entry.good() && **entry.content == ***seen.content;
  if (!same_bytes) entry.content = *std::move(seen.content);
}

void FileCache::look(const std::vector<std::string>& paths, async::Task done) {
  const auto wait = std::make_shared<Wait>();
  for (const std::string& path : paths) {
    Entry& entry = entries_[path];
    if (!due(entry)) continue;
    const auto known = entry.good() ? entry.stat : std::nullopt;
    if (!pool_) {
      take(entry, look_at(*files_, path, known));
      continue;
    }
    ++wait->files;
    entry.waits.push_back(wait);
    if (entry.waits.size() > 1) continue;  // somebody is looking already
    pool_->run([files = files_, path, known] { return look_at(*files, path, known); },
               alive_.bind([this, &entry](Seen seen) {  // entries stay
                 take(entry, std::move(seen));
                 for (const auto& waiting : std::exchange(entry.waits, {}))
                   if (--waiting->files == 0) waiting->done();
               }));
  }
  if (wait->files == 0) return done();
  wait->done = std::move(done);
}

FileCache::Content FileCache::found(const std::string& path) const {
  const auto entry = entries_.find(path);
  INVAR_CHECK(entry != entries_.end(), "nobody looked at " + path);
  return entry->second.content;
}

FileCache::Content FileCache::read(const std::string& path) {
  Entry& entry = entries_[path];
  if (due(entry)) take(entry, look_at(*files_, path, entry.good() ? entry.stat : std::nullopt));
  return entry.content;
}

}  // namespace invar::http
