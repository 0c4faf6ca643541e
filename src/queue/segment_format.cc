#include "queue/segment_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/strings.h"
#include "codec/hash.h"

namespace invar::queue {
namespace {

static_assert(std::endian::native == std::endian::little, "the files are little-endian");

constexpr std::string_view kFileMagic = "INVARQ1\n";
constexpr std::string_view kFrameMagic = "\xF1IQ\x01";
constexpr std::size_t kWindowBytes = std::size_t{256} * 1024;

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <class T>
T get(std::string_view bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::optional<SegmentName> parse_file(std::string_view file, std::string_view extension) {
  if (file.size() != 16 + 1 + 8 + extension.size() || !file.ends_with(extension) || file[16] != '-')
    return std::nullopt;
  const auto first_id = parse_uint(file.substr(0, 16), 16);
  const auto salt = parse_uint(file.substr(17, 8), 16);
  if (!first_id || !salt || *first_id == 0 || *first_id > kLargestId) return std::nullopt;
  const SegmentName name{*first_id, static_cast<std::uint32_t>(*salt)};
  // Only the one spelling that we write: two files must never be the same segment.
  return fmt::format("{:016x}-{:08x}{}", name.first_id, name.salt, extension) == file ? std::optional(name)
                                                                                      : std::nullopt;
}

class Scanner {
 public:
  Scanner(fs::File& file, std::uint64_t size, const ScanOptions& options)
      : file_(file), size_(size), options_(options), last_id_(options.name.first_id - 1) {}

  Result<Scan> run() {
    std::uint64_t position = kFileHeaderBytes;
    while (position < size_) {
      INVAR_ASSIGN_OR_RETURN(const std::optional<Frame> frame, frame_at(position));
      if (frame) {
        INVAR_TRY(take(*frame, position));
        position += frame->total_bytes();
        continue;
      }
      INVAR_ASSIGN_OR_RETURN(const std::uint64_t next, find_frame(position + 1));
      damaged_bytes_ += next - position;
      position = next;
    }
    close_damage(0);
    return std::move(scan_);
  }

 private:
  Result<std::optional<Frame>> frame_at(std::uint64_t position) {
    if (position + kFrameBytes > size_) return std::nullopt;
    INVAR_ASSIGN_OR_RETURN(const std::string bytes, file_.read_at(position, kFrameBytes));
    return plausible(bytes, position);
  }

  std::optional<Frame> plausible(std::string_view bytes, std::uint64_t position) const {
    const std::optional<Frame> frame = decode_frame(bytes, options_.name.salt);
    if (!frame || frame->id <= last_id_ || frame->id >= options_.end_id) return std::nullopt;
    // Ids are given out without gaps: before this one there is room for so many records and no more.
    if (frame->id - options_.name.first_id > (position - kFileHeaderBytes) / kFrameBytes) return std::nullopt;
    if (frame->total_bytes() > size_ - position) return std::nullopt;
    return frame;
  }

  // Where the next frame begins, or the end of the file.
  Result<std::uint64_t> find_frame(std::uint64_t position) {
    while (position + kFrameBytes <= size_) {
      INVAR_ASSIGN_OR_RETURN(const std::string window, file_.read_at(position, kWindowBytes));
      if (window.size() < kFrameBytes) break;
      for (std::size_t at = window.find(kFrameMagic);
           at != std::string::npos && at + kFrameBytes <= window.size();
           at = window.find(kFrameMagic, at + 1)) {
        if (plausible(std::string_view(window).substr(at, kFrameBytes), position + at)) return position + at;
      }
      // The last bytes may hold the beginning of a frame.
      position += window.size() - kFrameBytes + 1;
    }
    return size_;
  }

  Result<> take(const Frame& frame, std::uint64_t position) {
    bool good = true;
    if (options_.verify_payloads) {
      INVAR_ASSIGN_OR_RETURN(good, payload_is_good(frame, position + kFrameBytes));
    }
    if (good) {
      close_damage(frame.id);
      scan_.records.push_back({frame, position});
      last_id_ = frame.id;
    } else {
      damaged_bytes_ += frame.total_bytes();
    }
    return {};
  }

  Result<bool> payload_is_good(const Frame& frame, std::uint64_t position) {
    std::uint64_t left = std::uint64_t{frame.header_bytes} + frame.body_bytes;
    std::uint32_t crc = 0;
    while (left > 0) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, kWindowBytes));
      INVAR_ASSIGN_OR_RETURN(const std::string chunk, file_.read_at(position, size));
      if (chunk.size() != size) return false;
      crc = codec::crc32c(chunk, crc);
      position += size;
      left -= size;
    }
    return crc == frame.payload_crc;
  }

  void close_damage(RecordId before_id) {
    if (damaged_bytes_ > 0) scan_.damage.push_back({last_id_, before_id, damaged_bytes_});
    damaged_bytes_ = 0;
  }

  fs::File& file_;
  const std::uint64_t size_;
  const ScanOptions& options_;
  RecordId last_id_;
  std::uint64_t damaged_bytes_ = 0;
  Scan scan_;
};

}  // namespace

std::string segment_file(const SegmentName& name) {
  return fmt::format("{:016x}-{:08x}.seg", name.first_id, name.salt);
}
std::string ack_file(const SegmentName& name) {
  return fmt::format("{:016x}-{:08x}.ack", name.first_id, name.salt);
}
std::optional<SegmentName> parse_segment_file(std::string_view file) {
  return parse_file(file, ".seg");
}
std::optional<SegmentName> parse_ack_file(std::string_view file) {
  return parse_file(file, ".ack");
}

std::string encode_file_header(const SegmentName& name) {
  std::string out(kFileMagic);
  put(out, name.first_id);
  put(out, name.salt);
  put(out, codec::crc32c(out));
  return out;
}

void append_record(std::string& out, std::uint32_t salt, RecordId id, UnixNanos taken_unix_ns,
                   std::string_view header, std::string_view body) {
  const std::size_t start = out.size();
  out.append(kFrameMagic);
  put(out, static_cast<std::uint32_t>(header.size()));
  put(out, static_cast<std::uint32_t>(body.size()));
  put(out, codec::crc32c(body, codec::crc32c(header)));
  put(out, id);
  put(out, taken_unix_ns);
  put(out, salt);
  put(out, codec::crc32c(std::string_view(out).substr(start)));
  out.append(header).append(body);
}

std::optional<Frame> decode_frame(std::string_view bytes, std::uint32_t salt) {
  if (bytes.size() != kFrameBytes || !bytes.starts_with(kFrameMagic)) return std::nullopt;
  if (get<std::uint32_t>(bytes, 36) != codec::crc32c(bytes.substr(0, 36)) ||
      get<std::uint32_t>(bytes, 32) != salt) {
    return std::nullopt;
  }
  const Frame frame{
      .id = get<std::uint64_t>(bytes, 16),
      .taken_unix_ns = get<std::int64_t>(bytes, 24),
      .header_bytes = get<std::uint32_t>(bytes, 4),
      .body_bytes = get<std::uint32_t>(bytes, 8),
      .payload_crc = get<std::uint32_t>(bytes, 12),
  };
  if (frame.id == 0 || frame.header_bytes > kMostHeaderBytes || frame.body_bytes > kMostBodyBytes)
    return std::nullopt;
  return frame;
}

void append_ack(std::string& out, std::uint32_t salt, const AckRange& range) {
  const std::size_t start = out.size();
  put(out, range.first);
  put(out, range.count);
  put(out, codec::crc32c(std::string_view(out).substr(start), salt));
}

std::vector<AckRange> decode_acks(std::string_view bytes, std::uint32_t salt) {
  std::vector<AckRange> out;
  for (; bytes.size() >= kAckBytes; bytes.remove_prefix(kAckBytes)) {
    const AckRange range{get<std::uint64_t>(bytes, 0), get<std::uint32_t>(bytes, 8)};
    if (get<std::uint32_t>(bytes, 12) != codec::crc32c(bytes.substr(0, 12), salt)) continue;
    if (range.first > UINT64_MAX - range.count) continue;
    out.push_back(range);
  }
  return out;
}

Result<Scan> scan_segment(fs::File& file, const ScanOptions& options) {
  INVAR_ASSIGN_OR_RETURN(const std::uint64_t size, file.size());
  return Scanner(file, size, options).run();
}

}  // namespace invar::queue
