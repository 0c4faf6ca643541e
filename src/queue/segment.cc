#include "queue/segment.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/hash.h"

namespace invar::queue {
namespace {

constexpr std::uint64_t kMostAckFileBytes = std::uint64_t{1} << 30;

std::vector<AckRange> to_ranges(std::vector<RecordId> ids) {
  std::ranges::sort(ids);
  std::vector<AckRange> out;
  for (const RecordId id : ids) {
    if (!out.empty() && id < out.back().first + out.back().count) continue;
    if (!out.empty() && id == out.back().first + out.back().count && out.back().count < UINT32_MAX) {
      ++out.back().count;
    } else {
      out.push_back({id, 1});
    }
  }
  return out;
}

// Ids of [first, end) that no range covers. The ranges may overlap.
std::uint64_t uncovered(RecordId first, RecordId end, const std::vector<AckRange>& sorted_ranges) {
  std::uint64_t count = 0;
  for (const AckRange& range : sorted_ranges) {
    if (first >= end) return count;
    if (range.first > first) count += std::min(range.first, end) - first;
    first = std::max(first, range.first + range.count);
  }
  return first < end ? count + (end - first) : count;
}

}  // namespace

Segment::Segment(fs::FileSystem& fs, std::string directory, const SegmentName& name)
    : fs_(fs),
      directory_(std::move(directory)),
      name_(name),
      path_(directory_ + "/" + segment_file(name)),
      ack_path_(directory_ + "/" + ack_file(name)) {}

Result<> Segment::create() {
  INVAR_ASSIGN_OR_RETURN(file_, fs_.open(path_, fs::OpenMode::kCreateNew, 0640));
  return {};
}

Result<Segment::Losses> Segment::recover(RecordId end_id, bool verify_payloads) {
  INVAR_ASSIGN_OR_RETURN(reader_, fs_.open(path_, fs::OpenMode::kRead));
  sealed_ = true;
  INVAR_ASSIGN_OR_RETURN(file_bytes_, reader_->size());
  INVAR_ASSIGN_OR_RETURN(const Scan scan, scan_segment(*reader_, {name_, end_id, verify_payloads}));
  for (const ScannedRecord& record : scan.records) {
    entries_.push_back({record.frame.id, record.frame.taken_unix_ns, record.offset, record.frame.header_bytes,
                        record.frame.body_bytes, false});
    pending_bytes_ += record.frame.total_bytes();
  }
  pending_ = entries_.size();
  Losses losses;
  // Nobody was told that the unfinished write at the very end of the newest file is kept.
  for (const Damage& damage : scan.damage) {
    if (damage.before_id == 0 && end_id == UINT64_MAX) losses.torn_bytes += damage.bytes;
  }
  INVAR_ASSIGN_OR_RETURN(std::vector<AckRange> acks, [&]() -> Result<std::vector<AckRange>> {
    auto bytes = fs_.read_file(ack_path_, kMostAckFileBytes);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) return std::vector<AckRange>{};
    if (!bytes) return std::unexpected(std::move(bytes).error());
    ack_bytes_ = bytes->size();
    return decode_acks(*bytes, name_.salt);
  }());
  std::ranges::sort(acks, {}, &AckRange::first);
  for (const AckRange& range : acks) {
    auto entry = std::ranges::lower_bound(entries_, range.first, {}, &Entry::id);
    for (; entry != entries_.end() && entry->id - range.first < range.count; ++entry) {
      if (!entry->consumed) mark_consumed(*entry);
    }
  }
  // An acknowledgement that was cut short would put the later ones out of step.
  if (const std::uint64_t extra = ack_bytes_ % kAckBytes; extra != 0) {
    INVAR_ASSIGN_OR_RETURN(const std::unique_ptr<fs::File> file, fs_.open(ack_path_, fs::OpenMode::kAppend));
    INVAR_TRY(file->truncate(ack_bytes_ - extra));
    ack_bytes_ -= extra;
  }
  std::string lost;
  for (const Damage& damage : scan.damage) {
    const RecordId before_id = damage.before_id == 0 ? end_id : damage.before_id;
    if (before_id == UINT64_MAX) continue;
    // A region cannot have held more records than frames fit, whatever the ids around it say.
    const std::uint64_t room = std::max<std::uint64_t>(1, damage.bytes / kFrameBytes);
    const std::uint64_t records = std::min(uncovered(damage.after_id + 1, before_id, acks), room);
    losses.damaged_records += records;
    const auto ids =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(before_id - damage.after_id - 1, UINT32_MAX));
    if (records > 0) append_ack(lost, name_.salt, {damage.after_id + 1, ids});
  }
  // Counted once, not after every restart.
  if (!lost.empty()) (void)append_acks(lost);
  return losses;
}

Result<> Segment::append(std::string_view frames, std::vector<Entry> entries, bool sync) {
  const bool first = file_bytes_ == 0;
  std::string with_header;
  if (first) {
    with_header = encode_file_header(name_).append(frames);
    frames = with_header;
  }
  const std::uint64_t base = file_bytes_ + (first ? kFileHeaderBytes : 0);
  if (auto done = append_durably(frames, sync); !done) {
    take_back(entries);
    return done;
  }
  file_bytes_ += frames.size();
  for (Entry& entry : entries) {
    entry.offset += base;
    pending_bytes_ += kFrameBytes + entry.header_bytes + entry.body_bytes;
  }
  pending_ += entries.size();
  entries_.insert(entries_.end(), entries.begin(), entries.end());
  return {};
}

Result<> Segment::append_durably(std::string_view bytes, bool sync) {
  INVAR_TRY(file_->append(bytes));
  if (!sync) return {};
  INVAR_TRY(file_->sync_data());
  if (file_bytes_ == 0) INVAR_TRY(fs_.sync_directory(directory_));
  return {};
}

void Segment::take_back(const std::vector<Entry>& entries) {
  // After a failed sync nobody knows what the disk holds: this file takes no more records.
  sealed_ = true;
  if (!file_->truncate(file_bytes_)) {
    std::vector<RecordId> ids;
    ids.reserve(entries.size());
    for (const Entry& entry : entries) ids.push_back(entry.id);
    (void)write_acks(ids);
  }
  if (const auto size = file_->size()) file_bytes_ = std::max(file_bytes_, *size);
  file_.reset();
}

Result<std::string> Segment::read_bytes(std::uint64_t offset, std::size_t size) {
  fs::File* file = file_ ? file_.get() : reader_.get();
  if (file == nullptr) {
    INVAR_ASSIGN_OR_RETURN(reader_, fs_.open(path_, fs::OpenMode::kRead));
    file = reader_.get();
  }
  return file->read_at(offset, size);
}

Result<std::string> Segment::read(const Entry& entry) {
  const std::size_t payload = std::size_t{entry.header_bytes} + entry.body_bytes;
  auto bytes = read_bytes(entry.offset, kFrameBytes + payload);
  if (!bytes) return fail(ErrorCode::kUnavailable, std::move(bytes.error().message));
  const auto frame = bytes->size() == kFrameBytes + payload
                         ? decode_frame(std::string_view(*bytes).substr(0, kFrameBytes), name_.salt)
                         : std::nullopt;
  if (!frame || frame->id != entry.id || frame->header_bytes != entry.header_bytes ||
      codec::crc32c(std::string_view(*bytes).substr(kFrameBytes)) != frame->payload_crc) {
    return fail(ErrorCode::kDataLoss, fmt::format("read {}: record {} is damaged", path_, entry.id));
  }
  return bytes;
}

Result<std::string> Segment::read_header(const Entry& entry) {
  auto bytes = read_bytes(entry.offset + kFrameBytes, entry.header_bytes);
  if (!bytes) return fail(ErrorCode::kUnavailable, std::move(bytes.error().message));
  return bytes;
}

std::vector<Segment::Entry> Segment::consume(const std::vector<RecordId>& ids) {
  std::vector<Entry> out;
  for (const RecordId id : ids) {
    const auto entry = std::ranges::lower_bound(entries_, id, {}, &Entry::id);
    if (entry == entries_.end() || entry->id != id || entry->consumed) continue;
    out.push_back(*entry);
    mark_consumed(*entry);
  }
  return out;
}

void Segment::mark_consumed(Entry& entry) {
  entry.consumed = true;
  --pending_;
  pending_bytes_ -= kFrameBytes + entry.header_bytes + entry.body_bytes;
  while (first_pending_ < entries_.size() && entries_[first_pending_].consumed) ++first_pending_;
}

Result<> Segment::write_acks(const std::vector<RecordId>& ids) {
  unwritten_acks_.insert(unwritten_acks_.end(), ids.begin(), ids.end());
  std::string bytes;
  for (const AckRange& range : to_ranges(unwritten_acks_)) append_ack(bytes, name_.salt, range);
  INVAR_TRY(append_acks(bytes));
  unwritten_acks_.clear();
  return {};
}

Result<> Segment::append_acks(std::string_view bytes) {
  INVAR_ASSIGN_OR_RETURN(const std::unique_ptr<fs::File> file,
                         fs_.open(ack_path_, fs::OpenMode::kAppend, 0640));
  // Not synced: a power cut costs a second delivery, a killed process nothing.
  if (auto done = file->append(bytes); !done) {
    (void)file->truncate(ack_bytes_);
    return done;
  }
  ack_bytes_ += bytes.size();
  return {};
}

Result<> Segment::remove(bool sync) {
  seal();
  reader_.reset();
  const auto gone = [](const Result<>& done) { return done || done.error().code == ErrorCode::kNotFound; };
  // The records first: acknowledgements without records are harmless, the other way round everything comes back.
  if (auto done = fs_.remove(path_); !gone(done)) return done;
  file_bytes_ = 0;
  if (ack_bytes_ == 0) return {};
  if (sync) INVAR_TRY(fs_.sync_directory(directory_));
  if (auto done = fs_.remove(ack_path_); !gone(done)) return done;
  ack_bytes_ = 0;
  return {};
}

void Segment::seal() {
  sealed_ = true;
  file_.reset();
}

const Segment::Entry* Segment::find(RecordId id) const {
  const auto entry = std::ranges::lower_bound(entries_, id, {}, &Entry::id);
  return entry == entries_.end() || entry->id != id ? nullptr : &*entry;
}

}  // namespace invar::queue
