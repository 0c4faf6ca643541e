#include "queue/segment_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "queue/segment.h"

namespace invar::queue {
namespace {

constexpr std::uint64_t kSmallestSegment = 4096;
constexpr std::uint64_t kLargestGroup = std::uint64_t{3} << 30;

class SegmentQueueImpl final : public SegmentQueue {
 public:
  SegmentQueueImpl(std::shared_ptr<fs::FileSystem> fs, Options options)
      : fs_(std::move(fs)), options_(std::move(options)) {
    if (!options_.random) options_.random = [] { return static_cast<std::uint32_t>(std::random_device()()); };
    options_.segment_bytes =
        std::max(kSmallestSegment, std::min(options_.segment_bytes, options_.max_bytes / 4));
  }

  Result<> recover() {
    INVAR_TRY(make_directory());
    INVAR_ASSIGN_OR_RETURN(lock_file_, fs_->lock(options_.directory + "/lock"));
    INVAR_ASSIGN_OR_RETURN(const std::vector<std::string> files, fs_->list(options_.directory));
    std::set<SegmentName> names;
    for (const std::string& file : files) {
      if (const auto name = parse_segment_file(file)) names.insert(*name);
    }
    for (const std::string& file : files) {
      const auto name = parse_ack_file(file);
      if (name && !names.contains(*name)) (void)fs_->remove(options_.directory + "/" + file);
    }
    for (auto name = names.begin(); name != names.end(); ++name) {
      const auto next = std::next(name);
      recover_segment(*name, next == names.end() ? UINT64_MAX : next->first_id, next == names.end());
    }
    for (const auto& [first_id, segment] : segments_) stats_.recovered_records += segment->pending();
    publish();
    return {};
  }

  Result<RecordId> append(std::span<const NewRecord> group) override {
    const std::lock_guard lock(mutex_);
    if (group.empty()) return next_id_;
    for (const NewRecord& record : group) {
      if (record.header.size() > kMostHeaderBytes || record.body.size() > kMostBodyBytes) {
        return fail(ErrorCode::kInvalidArgument, "a record is too large for the queue");
      }
    }
    const std::uint64_t bytes = disk_bytes_of(group);
    if (bytes > kLargestGroup)
      return fail(ErrorCode::kInvalidArgument, "a group of records is too large for the queue");
    catch_up();
    if (active_ && (active_->sealed() || active_->file_bytes() + bytes > options_.segment_bytes)) {
      active_->seal();
      active_ = nullptr;
    }
    const std::uint64_t needed = bytes + (active_ ? 0 : kFileHeaderBytes);
    // The acknowledgements that will be written for what is here take space as well.
    const std::uint64_t used = disk_bytes() + stats_.pending_records * kAckBytes;
    if (needed > options_.max_bytes || used > options_.max_bytes - needed) {
      return fail(ErrorCode::kResourceExhausted, fmt::format("queue {}: {} bytes of {} are in use",
                                                             options_.directory, used, options_.max_bytes));
    }
    auto kept = append_to_active(group);
    publish();
    return kept;
  }

  std::vector<RecordInfo> pending(RecordId after, std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<RecordInfo> out;
    for (auto it = segment_of(after); it != segments_.end() && out.size() < limit; ++it) {
      const auto& entries = it->second->entries();
      const auto first_pending = entries.begin() + static_cast<std::ptrdiff_t>(it->second->first_pending());
      for (auto entry =
               std::ranges::upper_bound(first_pending, entries.end(), after, {}, &Segment::Entry::id);
           entry != entries.end() && out.size() < limit; ++entry) {
        if (!entry->consumed) out.push_back(info_of(*entry));
      }
    }
    return out;
  }

  Result<StoredRecord> read(RecordId id) override {
    const std::lock_guard lock(mutex_);
    Segment* segment = find_segment(id);
    const Segment::Entry* found = segment ? segment->find(id) : nullptr;
    if (found == nullptr || found->consumed) return no_record(id);
    const Segment::Entry entry = *found;
    auto bytes = segment->read(entry);
    if (!bytes) {
      if (bytes.error().code == ErrorCode::kDataLoss) {
        ++stats_.damaged_records;
        (void)consume({id});
        publish();
      }
      return std::unexpected(std::move(bytes).error());
    }
    StoredRecord record{id, entry.taken_unix_ns, bytes->substr(kFrameBytes, entry.header_bytes), {}};
    bytes->erase(0, kFrameBytes + entry.header_bytes);
    record.body = std::move(*bytes);
    return record;
  }

  Result<std::string> read_header(RecordId id) override {
    const std::lock_guard lock(mutex_);
    Segment* segment = find_segment(id);
    const Segment::Entry* found = segment ? segment->find(id) : nullptr;
    if (found == nullptr || found->consumed) return no_record(id);
    return segment->read_header(*found);
  }

  Result<> ack(std::span<const RecordId> ids) override {
    const std::lock_guard lock(mutex_);
    auto done = consume({ids.begin(), ids.end()});
    if (done) catch_up();
    publish();
    return done;
  }

  std::vector<DroppedRecord> drop(std::span<const RecordId> ids) override {
    const std::lock_guard lock(mutex_);
    std::vector<DroppedRecord> out;
    std::set<RecordId> seen;
    for (const RecordId id : ids) {
      Segment* segment = find_segment(id);
      const Segment::Entry* entry = segment ? segment->find(id) : nullptr;
      if (entry == nullptr || entry->consumed || !seen.insert(id).second) continue;
      out.push_back({id, entry->taken_unix_ns, segment->read_header(*entry).value_or("")});
    }
    (void)consume({seen.begin(), seen.end()});
    publish();
    return out;
  }

  std::vector<SegmentInfo> segments() override {
    const std::lock_guard lock(mutex_);
    std::vector<SegmentInfo> out;
    for (const auto& [name, segment] : segments_) {
      SegmentInfo info{segment->disk_bytes(), {}};
      for (const Segment::Entry& entry : segment->entries()) {
        if (!entry.consumed) info.pending.push_back(info_of(entry));
      }
      out.push_back(std::move(info));
    }
    return out;
  }

  void set_max_bytes(std::uint64_t bytes) override {
    const std::lock_guard lock(mutex_);
    options_.max_bytes = bytes;
  }

  Stats stats() const override {
    const std::lock_guard lock(published_mutex_);
    return published_;
  }

 private:
  using Segments = std::map<SegmentName, std::unique_ptr<Segment>>;

  std::unexpected<Error> no_record(RecordId id) const {
    return fail(ErrorCode::kNotFound, fmt::format("queue {}: no record {}", options_.directory, id));
  }

  static RecordInfo info_of(const Segment::Entry& entry) {
    return {entry.id, entry.taken_unix_ns, entry.header_bytes, entry.body_bytes};
  }

  // A folder is as durable as its own name: the parents of new ones are synced too.
  Result<> make_directory() {
    std::vector<std::string> parents;
    std::string path = options_.directory;
    while (!fs_->stat(path)) {
      const std::size_t slash = path.rfind('/');
      path = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
      parents.push_back(path);
      if (path == "." || path == "/") break;
    }
    INVAR_TRY(fs_->make_directories(options_.directory, 0750));
    for (const std::string& parent : parents) {
      if (options_.sync) INVAR_TRY(fs_->sync_directory(parent));
    }
    return {};
  }

  void recover_segment(const SegmentName& name, RecordId end_id, bool newest) {
    auto segment = std::make_unique<Segment>(*fs_, options_.directory, name);
    // Earlier segments were synced before the next one was begun; only the newest can end in a torn write.
    const auto recovered = segment->recover(end_id, newest);
    if (!recovered) {
      // Left as it is, for a start on which the disk can read it. Its ids are unknown: stay clear of them.
      ++stats_.unreadable_segments;
      if (const auto stat = fs_->stat(options_.directory + "/" + segment_file(name)))
        unreadable_bytes_ += stat->size_bytes;
      next_id_ = std::max(next_id_, name.first_id + UINT32_MAX);
      return;
    }
    const Segment::Losses& losses = *recovered;
    stats_.damaged_records += losses.damaged_records;
    stats_.torn_bytes += losses.torn_bytes;
    next_id_ = std::max({next_id_, segment->last_id() + 1, name.first_id + 1});
    if (segment->pending() == 0) {
      doom(std::move(segment));
    } else {
      segments_.emplace(name, std::move(segment));
    }
  }

  Result<RecordId> append_to_active(std::span<const NewRecord> group) {
    if (!active_) {
      const SegmentName name{next_id_, options_.random()};
      auto segment = std::make_unique<Segment>(*fs_, options_.directory, name);
      INVAR_TRY(segment->create());
      active_ = segments_.emplace(name, std::move(segment)).first->second.get();
    }
    std::string frames;
    frames.reserve(static_cast<std::size_t>(disk_bytes_of(group)));
    std::vector<Segment::Entry> entries;
    entries.reserve(group.size());
    const RecordId first_id = next_id_;
    for (const NewRecord& record : group) {
      entries.push_back({next_id_, record.taken_unix_ns, frames.size(),
                         static_cast<std::uint32_t>(record.header.size()),
                         static_cast<std::uint32_t>(record.body.size()), false});
      append_record(frames, active_->name().salt, next_id_, record.taken_unix_ns, record.header, record.body);
      ++next_id_;  // also when the append fails: an id whose bytes may have reached the disk is never used again
    }
    if (auto done = active_->append(frames, std::move(entries), options_.sync); !done) {
      Segment* failed = std::exchange(active_, nullptr);
      if (failed->pending() == 0) discard(failed->name());
      return std::unexpected(done.error().wrapped("queue"));
    }
    return first_id;
  }

  // The first segment that can hold ids above `id`.
  Segments::iterator segment_of(RecordId id) {
    auto it = segments_.upper_bound(SegmentName{id, UINT32_MAX});
    return it == segments_.begin() ? it : std::prev(it);
  }

  Segment* find_segment(RecordId id) {
    const auto it = segment_of(id);
    return it == segments_.end() || it->first.first_id > id ? nullptr : it->second.get();
  }

  Result<> consume(std::vector<RecordId> ids) {
    std::ranges::sort(ids);
    Result<> outcome;
    for (std::size_t i = 0; i < ids.size();) {
      const auto it = segment_of(ids[i]);
      const auto next = it == segments_.end() ? it : std::next(it);
      const RecordId end = next == segments_.end() ? UINT64_MAX : next->first.first_id;
      std::vector<RecordId> here;
      do {
        here.push_back(ids[i++]);
      } while (i < ids.size() && ids[i] < end);
      if (it == segments_.end()) continue;
      if (auto done = consume_in(*it->second, here); !done) outcome = std::move(done);
    }
    return outcome;
  }

  Result<> consume_in(Segment& segment, const std::vector<RecordId>& ids) {
    std::vector<RecordId> consumed;
    for (const Segment::Entry& entry : segment.consume(ids)) consumed.push_back(entry.id);
    if (consumed.empty()) return {};
    if (segment.pending() > 0) return segment.write_acks(consumed);
    // No acknowledgement is needed where nothing is left to be acknowledged, if only the file goes away.
    if (&segment == active_) active_ = nullptr;
    auto removed = segment.remove(options_.sync);
    if (removed) {
      segments_.erase(segment.name());
      return {};
    }
    auto written = segment.write_acks(consumed);
    discard(segment.name());
    return written;
  }

  void discard(const SegmentName& name) {
    auto node = segments_.extract(name);
    doom(std::move(node.mapped()));
  }

  // A file that has no pending record but cannot be deleted now: tried again later, and counted until then.
  void doom(std::unique_ptr<Segment> segment) {
    if (!segment->remove(options_.sync)) doomed_.push_back(std::move(segment));
  }

  // What the disk did not let us do before.
  void catch_up() {
    std::erase_if(doomed_,
                  [this](const auto& segment) { return segment->remove(options_.sync).has_value(); });
    for (const auto& [name, segment] : segments_)
      if (segment->owes_acks() && !segment->write_acks({})) return;
  }

  std::uint64_t disk_bytes() const {
    std::uint64_t bytes = unreadable_bytes_;
    for (const auto& [name, segment] : segments_) bytes += segment->disk_bytes();
    for (const auto& segment : doomed_) bytes += segment->disk_bytes();
    return bytes;
  }

  void publish() {
    stats_.pending_records = 0;
    stats_.pending_bytes = 0;
    stats_.disk_bytes = disk_bytes();
    stats_.segments = segments_.size() + doomed_.size();
    stats_.oldest_taken_unix_ns = 0;
    for (const auto& [name, segment] : segments_) {
      stats_.pending_records += segment->pending();
      stats_.pending_bytes += segment->pending_bytes();
    }
    if (!segments_.empty()) {
      const Segment& oldest = *segments_.begin()->second;
      if (oldest.pending() > 0)
        stats_.oldest_taken_unix_ns = oldest.entries()[oldest.first_pending()].taken_unix_ns;
    }
    const std::lock_guard lock(published_mutex_);
    published_ = stats_;
  }

  const std::shared_ptr<fs::FileSystem> fs_;
  Options options_;

  std::mutex mutex_;  // guards everything below
  std::unique_ptr<fs::File> lock_file_;
  Segments segments_;
  std::vector<std::unique_ptr<Segment>> doomed_;
  std::uint64_t unreadable_bytes_ = 0;
  Segment* active_ = nullptr;  // in segments_; takes appends
  RecordId next_id_ = 1;
  Stats stats_;

  mutable std::mutex published_mutex_;
  Stats published_;
};

}  // namespace

Result<std::unique_ptr<SegmentQueue>> SegmentQueue::open(std::shared_ptr<fs::FileSystem> fs,
                                                         Options options) {
  const std::string directory = options.directory;
  auto queue = std::make_unique<SegmentQueueImpl>(std::move(fs), std::move(options));
  if (auto recovered = queue->recover(); !recovered) {
    return std::unexpected(recovered.error().wrapped("open queue " + directory));
  }
  return queue;
}

std::uint64_t SegmentQueue::disk_bytes_of(std::span<const NewRecord> group) {
  std::uint64_t bytes = 0;
  for (const NewRecord& record : group)
    bytes += kFrameBytes + record.header.size() + record.body.size() + kAckBytes;
  return bytes;
}

}  // namespace invar::queue
