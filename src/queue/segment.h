// Segment: one file of records with the index of what is in it and which records are consumed. Internal to the queue.
// Threads: the queue's lock. Errors: as the file system gives them; after a failed append the file ends where it ended
// before, or the segment is sealed and the doubtful ids are recorded as consumed.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fs/filesystem.h"
#include "queue/segment_format.h"

namespace invar::queue {

class Segment {
 public:
  struct Entry {
    RecordId id = 0;
    UnixNanos taken_unix_ns = 0;
    std::uint64_t offset = 0;
    std::uint32_t header_bytes = 0;
    std::uint32_t body_bytes = 0;
    bool consumed = false;
  };
  // What recovery found besides the entries.
  struct Losses {
    std::uint64_t damaged_records = 0;
    std::uint64_t torn_bytes = 0;  // an unfinished write at the end
  };

  Segment(fs::FileSystem& fs, std::string directory, const SegmentName& name);

  // A new file, made durable together with its first append.
  Result<> create();
  // The file of an earlier process: sealed, its records indexed, its acknowledgements applied. `end_id` begins the next one.
  Result<Losses> recover(RecordId end_id, bool verify_payloads);

  // All or nothing. `entries` have offsets relative to `frames`.
  Result<> append(std::string_view frames, std::vector<Entry> entries, bool sync);

  // The frame, header and body of one record, checked; kDataLoss when they are damaged, kUnavailable when the disk fails.
  Result<std::string> read(const Entry& entry);
  Result<std::string> read_header(const Entry& entry);

  // Marks entries consumed; unknown and consumed ids are ignored. Returns the entries that were pending.
  std::vector<Entry> consume(const std::vector<RecordId>& ids);
  // Remembers consumed ids across a restart. What the disk did not take goes with the next ones.
  Result<> write_acks(const std::vector<RecordId>& ids);
  [[nodiscard]] bool owes_acks() const { return !unwritten_acks_.empty(); }
  // Deletes the files. Idempotent until it succeeds.
  Result<> remove(bool sync);

  void seal();

  [[nodiscard]] const SegmentName& name() const { return name_; }
  [[nodiscard]] bool sealed() const { return sealed_; }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::size_t pending() const { return pending_; }
  [[nodiscard]] std::uint64_t pending_bytes() const { return pending_bytes_; }
  [[nodiscard]] std::uint64_t file_bytes() const { return file_bytes_; }
  [[nodiscard]] std::uint64_t disk_bytes() const { return file_bytes_ + ack_bytes_; }
  [[nodiscard]] RecordId last_id() const {
    return entries_.empty() ? name_.first_id - 1 : entries_.back().id;
  }

  [[nodiscard]] const Entry* find(RecordId id) const;
  // Where the first entry stands that is not consumed; entries().size() when there is none.
  [[nodiscard]] std::size_t first_pending() const { return first_pending_; }

 private:
  Result<> append_durably(std::string_view bytes, bool sync);
  Result<> append_acks(std::string_view bytes);
  void mark_consumed(Entry& entry);
  void take_back(const std::vector<Entry>& entries);
  Result<std::string> read_bytes(std::uint64_t offset, std::size_t size);

  fs::FileSystem& fs_;
  const std::string directory_;
  const SegmentName name_;
  const std::string path_;
  const std::string ack_path_;
  std::unique_ptr<fs::File> file_;    // for appends and reads; null in a sealed segment
  std::unique_ptr<fs::File> reader_;  // of a sealed segment, opened by the first read
  std::vector<Entry> entries_;
  std::vector<RecordId> unwritten_acks_;
  std::uint64_t file_bytes_ = 0;
  std::uint64_t ack_bytes_ = 0;
  std::size_t pending_ = 0;
  std::uint64_t pending_bytes_ = 0;
  std::size_t first_pending_ = 0;
  bool sealed_ = false;
};

}  // namespace invar::queue
