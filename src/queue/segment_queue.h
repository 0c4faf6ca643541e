// SegmentQueue: a durable FIFO of opaque records in a directory of segment files. docs/formats/queue_segment.md.
//
// Shape:    auto first = queue->append(group);  queue->pending(0, 64);  queue->read(id);  queue->ack(ids);
// Promise:  append() returns when the whole group is on disk (one sync for all of it) or none of it will ever come back.
//           After kill -9 at any byte every appended record that was not acknowledged is there; a power cut may bring
//           acknowledged ones back. A damaged record loses only itself and is counted.
// Disk:     never more than Options::max_bytes; a segment is deleted when its last record is consumed.
// Errors:   kResourceExhausted when full, kUnavailable when another process has the directory, else the file system's.
// Threads:  any; calls block on the disk (worker pool). stats() and pending() do not touch the disk, but may wait for a call
//           that does; stats() never waits.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fs/filesystem.h"
#include "queue/retention.h"
#include "queue/segment_format.h"

namespace invar::queue {

struct NewRecord {
  UnixNanos taken_unix_ns = 0;
  std::string_view header;  // small and opaque: what it is, where it goes; at most 64 KiB
  std::string_view body;    // at most 1 GiB
};

struct StoredRecord {
  RecordId id = 0;
  UnixNanos taken_unix_ns = 0;
  std::string header;
  std::string body;
};

struct DroppedRecord {
  RecordId id = 0;
  UnixNanos taken_unix_ns = 0;
  std::string header;  // empty when it cannot be read any more
};

class SegmentQueue {
 public:
  struct Options {
    std::string directory;
    std::uint64_t max_bytes = std::uint64_t{1} << 30;
    std::uint64_t segment_bytes =
        16 << 20;      // a quarter of max_bytes at most, so that dropping one is not dropping all
    bool sync = true;  // false: kill -9 is survived, a power cut is not
    std::function<std::uint32_t()> random;  // null: the system's
  };
  struct Stats {
    std::uint64_t pending_records = 0;
    std::uint64_t pending_bytes = 0;
    std::uint64_t disk_bytes = 0;
    std::uint64_t segments = 0;
    UnixNanos oldest_taken_unix_ns = 0;     // of the first pending record; 0 when there is none
    std::uint64_t recovered_records = 0;    // found by open()
    std::uint64_t damaged_records = 0;      // lost to damage, since open() began
    std::uint64_t unreadable_segments = 0;  // files that the disk could not read: left for the next start
    std::uint64_t torn_bytes = 0;           // of unfinished writes that open() left behind
  };

  // Creates the directory if need be, locks it, and finds what an earlier process left.
  static Result<std::unique_ptr<SegmentQueue>> open(std::shared_ptr<fs::FileSystem> fs, Options options);
  virtual ~SegmentQueue() = default;

  // The id of the first record; the others follow without gaps. The group is all kept or not at all.
  virtual Result<RecordId> append(std::span<const NewRecord> group) = 0;

  // Records not consumed yet with an id above `after`, oldest first.
  virtual std::vector<RecordInfo> pending(RecordId after, std::size_t limit) = 0;

  // kDataLoss: damaged, counted and from now on consumed. kNotFound: unknown or consumed. kUnavailable: try again.
  virtual Result<StoredRecord> read(RecordId id) = 0;

  // The header alone, unchecked: to know what a record is without reading it.
  virtual Result<std::string> read_header(RecordId id) = 0;

  // Consumes records in any order; unknown ids are ignored. They are never given out again by this object. An error
  // means that a restart may give them out again.
  virtual Result<> ack(std::span<const RecordId> ids) = 0;

  // Consumes records that will not be delivered, and tells what they were, for whoever keeps the accounts.
  virtual std::vector<DroppedRecord> drop(std::span<const RecordId> ids) = 0;

  // Input of plan_retention().
  virtual std::vector<SegmentInfo> segments() = 0;
  virtual void set_max_bytes(std::uint64_t bytes) = 0;  // for later appends
  // What `group` takes on disk, with its acknowledgements.
  [[nodiscard]] static std::uint64_t disk_bytes_of(std::span<const NewRecord> group);

  [[nodiscard]] virtual Stats stats() const = 0;
};

}  // namespace invar::queue
