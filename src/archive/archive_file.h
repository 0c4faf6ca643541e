// One archived profile: a gzip file whose first member's extra field carries labels and circumstances.
// Byte layout: docs/formats/archive.md. The deflate stream of a profile that arrived gzipped is untouched, so
// every gzip and pprof reader opens the file, and the original bytes can be restored exactly. Metadata beyond
// the 64 KiB of one extra field continues in those of empty gzip members in front.
// Errors:  kDataLoss for a damaged file, kInvalidArgument for a gzip file that is not ours, kUnsupported for
//          a later version, kResourceExhausted above kMaxMetaBytes or the limit of a body.
// Threads: any; pure (no disk). Source: decision 13.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "labels/labels.h"

namespace invar::archive {

inline constexpr std::size_t kMaxMetaBytes = std::size_t{16} << 20;
inline constexpr std::size_t kFirstReadBytes = 4096;  // a first read that nearly always holds all metadata

enum class Kind { kPprof, kIngest };

struct Meta {
  Labels labels;
  Kind kind = Kind::kPprof;
  UnixNanos taken_unix_ns = 0;
  std::string origin;         // component id that stored it
  std::string sample_id;      // RawSample.ID
  bool body_was_gzip = true;  // false: we compressed a plain body; set by decode_meta, ignored by encode
  std::string ingest_path, ingest_query;
  std::vector<std::string> ingest_content_types;
  bool operator==(const Meta&) const = default;
};

// The file's bytes in two parts, so that the body is not copied: head, then `body_tail` (a view into `body`
// or into `storage`).
struct Encoded {
  std::string head;
  std::string storage;
  std::string_view body_tail;

  Encoded() = default;
  Encoded(const Encoded&) = delete;  // body_tail may point into storage
  Encoded& operator=(const Encoded&) = delete;
  Encoded(Encoded&& other) noexcept;
  Encoded& operator=(Encoded&& other) noexcept;
  [[nodiscard]] std::size_t size() const { return head.size() + body_tail.size(); }
};
Result<Encoded> encode(const Meta& meta, std::string_view body);

// How many bytes from the start decode_meta needs, as far as `file_prefix` tells: when the answer is larger
// than the prefix, read that much and ask again.
Result<std::size_t> meta_size(std::string_view file_prefix);
Result<Meta> decode_meta(std::string_view file_prefix);

// Exactly the bytes that were stored. The limit holds for bodies that we compressed.
Result<std::string> original_body(std::string_view file, std::uint64_t limit_bytes = std::uint64_t{1} << 30);

// UUIDv7: sorts by time, to a quarter of a microsecond. `random` are 10 random bytes. Name: "<uuid>.pb.gz" or
// "<uuid>.ingest.gz".
std::string make_uuid_v7(UnixNanos unix_ns, std::string_view random);
std::string file_name(std::string_view uuid, Kind kind);
bool is_archive_name(std::string_view name);

// A name as 16 bytes (high and low half of the UUID) and its kind; nullopt when the name is not ours.
struct NameKey {
  std::uint64_t high = 0, low = 0;
  Kind kind = Kind::kPprof;
  [[nodiscard]] UnixNanos unix_ns() const;  // when it was stored
};
std::optional<NameKey> parse_name(std::string_view name);
std::string name_of(const NameKey& key);

}  // namespace invar::archive
