#include "archive/directory.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace invar::archive {
namespace {

constexpr std::string_view kTemporary = ".tmp";
constexpr std::uint64_t kVersionNibble = 0xf000;
constexpr std::uint64_t kSeen = std::uint64_t{1} << 63;  // in Entry::size, while scanning

bool is_leftover(std::string_view name) {
  return name.ends_with(kTemporary) && is_archive_name(name.substr(0, name.size() - kTemporary.size()));
}

}  // namespace

Directory::Entry Directory::Entry::of(const NameKey& key, std::uint64_t size) {
  const std::uint64_t kind = key.kind == Kind::kIngest ? 0x1000 : 0;
  return {(key.high & ~kVersionNibble) | kind, key.low, size};
}

NameKey Directory::Entry::key() const {
  return {(high & ~kVersionNibble) | 0x7000, low, high & kVersionNibble ? Kind::kIngest : Kind::kPprof};
}

bool Directory::Entry::before(const Entry& a, const Entry& b) {
  const std::uint64_t a_high = a.high & ~kVersionNibble, b_high = b.high & ~kVersionNibble;
  if (a_high != b_high) return a_high < b_high;
  return a.low != b.low ? a.low < b.low : a.high < b.high;
}

Directory::Directory(std::shared_ptr<fs::FileSystem> files, std::string path, std::string owner,
                     Limits limits)
    : files_(std::move(files)), path_(std::move(path)), owner_(std::move(owner)), limits_(limits) {}

Result<std::unique_ptr<Directory>> Directory::open(std::shared_ptr<fs::FileSystem> files, std::string path,
                                                   std::string owner, Limits limits) {
  std::unique_ptr<Directory> directory(
      new Directory(std::move(files), std::move(path), std::move(owner), limits));
  INVAR_TRY(directory->claim());
  return directory;
}

Result<> Directory::claim() {
  if (auto made = files_->make_directories(path_); !made)
    return std::unexpected(made.error().wrapped("failed to create target directory"));
  INVAR_ASSIGN_OR_RETURN(const fs::Stat stat, files_->stat(path_));
  if (!stat.is_directory) return fail(ErrorCode::kInvalidArgument, path_ + " is not a directory");
  auto lock = files_->lock(full(kLockName));
  if (!lock) {
    if (lock.error().code != ErrorCode::kUnavailable) return std::unexpected(lock.error());
    const auto user = files_->read_file(full(kLockName), 256);
    return fail(
        ErrorCode::kUnavailable,
        path_ + " is already used by " + (user && !user->empty() ? *user : std::string("another archive")));
  }
  lock_ = std::move(*lock);
  // For the message above only: the lock holds without it.
  if (lock_->truncate(0)) (void)lock_->append(owner_ + " of process " + std::to_string(::getpid()));
  return {};
}

// Of the folder's own name, and that of every folder made on the way.
void Directory::sync_names() {
  for (std::size_t end = path_.rfind('/'); end != std::string::npos && end > 0;
       end = path_.rfind('/', end - 1))
    (void)files_->sync_directory(path_.substr(0, end));
  (void)files_->sync_directory(path_.starts_with('/') ? "/" : ".");
}

Result<> Directory::scan(UnixNanos now) {
  if (limits_.sync && !scanned_) sync_names();
  std::vector<std::string> leftovers;
  std::deque<Entry> added;
  std::size_t seen = 0;
  const auto visited = files_->visit(path_, [&](std::string_view name, fs::EntryKind kind) {
    if (kind != fs::EntryKind::kRegular) return true;
    if (const auto key = parse_name(name)) {
      const Entry entry = Entry::of(*key, 0);
      const auto known = std::lower_bound(entries_.begin(), entries_.end(), entry, Entry::before);
      if (known != entries_.end() && !Entry::before(entry, *known)) {
        if (!(known->size & kSeen)) ++seen;
        known->size |= kSeen;
      } else if (const auto stat = files_->stat(full(name)); stat && stat->is_regular) {
        added.push_back(Entry::of(*key, stat->size_bytes));
      }
    } else if (is_leftover(name)) {
      leftovers.emplace_back(name);
    }
    return true;
  });
  if (!visited) {
    for (Entry& entry : entries_) entry.size &= ~kSeen;
    return std::unexpected(visited.error());
  }

  if (seen < entries_.size())
    std::erase_if(entries_, [](const Entry& entry) { return !(entry.size & kSeen); });  // removed by hand
  if (entries_.empty()) {
    entries_ = std::move(added);
  } else {
    entries_.insert(entries_.end(), added.begin(), added.end());
  }
  std::sort(entries_.begin(), entries_.end(), Entry::before);
  bytes_ = 0;
  for (Entry& entry : entries_) bytes_ += entry.size &= ~kSeen;

  stray_bytes_ = 0;
  for (const std::string& name : leftovers) {
    if (files_->remove(full(name))) {
      ++totals_.leftovers_removed;
    } else if (const auto stat = files_->stat(full(name))) {
      stray_bytes_ += stat->size_bytes;
    }
  }
  scanned_ = true;
  return set_limits(limits_, now);
}

Result<> Directory::set_limits(const Limits& limits, UnixNanos now) {
  limits_ = limits;
  INVAR_TRY(tidy(now));
  return make_room(0);
}

Result<> Directory::tidy(UnixNanos now) {
  if (limits_.max_age <= Duration::zero()) return {};
  while (!entries_.empty() && entries_.front().key().unix_ns() < now - limits_.max_age.count())
    INVAR_TRY(remove_oldest(totals_.removed_for_age));
  return {};
}

Result<> Directory::remove_oldest(std::uint64_t& counter) {
  const Entry oldest = entries_.front();
  if (auto removed = files_->remove(full(name_of(oldest.key()))); removed) {
    ++counter;
  } else if (removed.error().code != ErrorCode::kNotFound) {
    return removed;
  }
  bytes_ -= oldest.size;
  entries_.pop_front();
  return {};
}

Result<> Directory::make_room(std::uint64_t bytes) {
  while (!entries_.empty() && bytes_ + stray_bytes_ + bytes > limits_.max_bytes)
    INVAR_TRY(remove_oldest(totals_.removed_for_size));
  if (bytes_ + stray_bytes_ + bytes > limits_.max_bytes && bytes > 0)
    return fail(ErrorCode::kResourceExhausted,
                "unfinished files in " + path_ + " cannot be removed and fill it up to its limit");
  return {};
}

Result<Directory::Stored> Directory::store(const Meta& meta, std::string_view body, UnixNanos now,
                                           std::string_view random) {
  INVAR_CHECK(scanned_, "scan before store");
  INVAR_ASSIGN_OR_RETURN(const Encoded encoded, encode(meta, body));
  const std::uint64_t size = encoded.size();
  if (size > limits_.max_bytes)
    return fail(ErrorCode::kInvalidArgument, "one profile of " + human_bytes(size) +
                                                 " is larger than the limit of " +
                                                 human_bytes(limits_.max_bytes));
  auto stored = put(file_name(make_uuid_v7(now, random), meta.kind), encoded, now);
  // A folder that is none any more is no fault of the profile.
  if (!stored && stored.error().code == ErrorCode::kInvalidArgument)
    return fail(ErrorCode::kNotFound, stored.error().message);
  return stored;
}

Result<Directory::Stored> Directory::put(const std::string& name, const Encoded& encoded, UnixNanos now) {
  const std::uint64_t size = encoded.size();
  INVAR_TRY(tidy(now));
  INVAR_TRY(make_room(size));
  auto written = write(name, encoded);
  if (!written && written.error().code == ErrorCode::kNotFound) {
    // The folder was removed by hand, and our lock with it.
    lock_.reset();
    INVAR_TRY(claim());
    INVAR_TRY(scan(now));
    INVAR_TRY(make_room(size));
    written = write(name, encoded);
  }
  if (!written) return std::unexpected(written.error());
  insert(Entry::of(*parse_name(name), size));
  bytes_ += size;
  return Stored{name, size};
}

Result<> Directory::write(const std::string& name, const Encoded& encoded) {
  const std::string path = full(name), temporary = path + std::string(kTemporary);
  INVAR_ASSIGN_OR_RETURN(auto file, files_->open(temporary, fs::OpenMode::kCreateNew, limits_.file_mode));
  auto outcome = file->append(encoded.head);
  if (outcome) outcome = file->append(encoded.body_tail);
  if (outcome && limits_.sync) outcome = file->sync_data();
  const auto closed = file->close();
  if (outcome) outcome = closed;
  if (outcome) outcome = files_->rename(temporary, path);
  if (!outcome) {
    if (const auto removed = files_->remove(temporary);
        !removed && removed.error().code != ErrorCode::kNotFound)
      stray_bytes_ += encoded.size();
    return outcome;
  }
  // The file is in place whatever this says; it counts as stored, only not yet as safe from a power cut.
  if (limits_.sync) (void)files_->sync_directory(path_);
  return {};
}

void Directory::insert(const Entry& entry) {
  if (entries_.empty() || Entry::before(entries_.back(), entry)) {
    entries_.push_back(entry);
  } else {
    entries_.insert(std::upper_bound(entries_.begin(), entries_.end(), entry, Entry::before),
                    entry);  // the clock went back
  }
}

DirectoryStats Directory::stats() const {
  DirectoryStats stats = totals_;
  stats.files = entries_.size();
  stats.bytes = bytes_ + stray_bytes_;
  if (!entries_.empty()) stats.oldest_unix_ns = entries_.front().key().unix_ns();
  return stats;
}

}  // namespace invar::archive
