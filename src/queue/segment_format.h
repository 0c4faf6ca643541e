// The bytes of the durable queue: file names, record frames, acknowledgements, and the scan that finds records again in
// damaged files. docs/formats/queue_segment.md describes them. Pure but for scan_segment(), which only reads.
// A frame's header has a checksum of its own, so that a damaged body does not hide where the next record begins, and
// carries the salt of its file, so that bytes inside a body (a profile of a queue, say) are never taken for a frame.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fs/filesystem.h"

namespace invar::queue {

using RecordId = std::uint64_t;  // ascending, never 0

// Of file names; a made-up one must not push the ids over the end of the numbers.
constexpr RecordId kLargestId = RecordId{1} << 62;

constexpr std::size_t kFileHeaderBytes = 24;
constexpr std::size_t kFrameBytes = 40;
constexpr std::size_t kAckBytes = 16;
constexpr std::uint32_t kMostHeaderBytes = 64 * 1024;
constexpr std::uint32_t kMostBodyBytes = 1u << 30;

struct SegmentName {
  RecordId first_id = 0;
  std::uint32_t salt = 0;
  auto operator<=>(const SegmentName&) const = default;
};
std::string segment_file(const SegmentName& name);  // "00000000000000c7-5eed5a17.seg"
std::string ack_file(const SegmentName& name);      // the same with ".ack"
std::optional<SegmentName> parse_segment_file(std::string_view file);
std::optional<SegmentName> parse_ack_file(std::string_view file);

std::string encode_file_header(const SegmentName& name);

struct Frame {
  RecordId id = 0;
  UnixNanos taken_unix_ns = 0;
  std::uint32_t header_bytes = 0;
  std::uint32_t body_bytes = 0;
  std::uint32_t payload_crc = 0;  // of header and body

  [[nodiscard]] std::uint64_t total_bytes() const {
    return kFrameBytes + std::uint64_t{header_bytes} + body_bytes;
  }
};
void append_record(std::string& out, std::uint32_t salt, RecordId id, UnixNanos taken_unix_ns,
                   std::string_view header, std::string_view body);
std::optional<Frame> decode_frame(std::string_view bytes, std::uint32_t salt);  // exactly kFrameBytes

// Records [first, first + count) are consumed.
struct AckRange {
  RecordId first = 0;
  std::uint32_t count = 0;
  bool operator==(const AckRange&) const = default;
};
void append_ack(std::string& out, std::uint32_t salt, const AckRange& range);
std::vector<AckRange> decode_acks(std::string_view bytes,
                                  std::uint32_t salt);  // damaged entries are left out

struct ScanOptions {
  SegmentName name;
  RecordId end_id = UINT64_MAX;  // ids from here on belong to the next segment
  bool verify_payloads = false;  // reads everything; otherwise frames only
};
struct ScannedRecord {
  Frame frame;
  std::uint64_t offset = 0;
};
// A stretch without a readable record; at most the ids between its neighbours are lost.
struct Damage {
  RecordId after_id = 0;   // the last readable record before it, or first_id - 1
  RecordId before_id = 0;  // the first one after it; 0 at the end of the file: perhaps only a torn write
  std::uint64_t bytes = 0;
};
struct Scan {
  std::vector<ScannedRecord> records;  // ascending ids
  std::vector<Damage> damage;
};
Result<Scan> scan_segment(fs::File& file, const ScanOptions& options);

}  // namespace invar::queue
