// One archived profile: a gzip file whose first member's extra field carries labels and circumstances. Decision 13.
// Byte layout: docs/formats/archive.md. The deflate stream of a profile that arrived gzipped is untouched, so every gzip and
// pprof reader opens the file as it is, and the original bytes can be restored exactly.
// Threads: any; pure (no disk).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "labels/labels.h"

namespace invar::archive {

enum class Kind { kPprof, kIngest };

struct Meta {
  Labels labels;
  Kind kind = Kind::kPprof;
  UnixNanos taken_unix_ns = 0;
  std::string origin;       // component id that stored it
  std::string sample_id;    // RawSample.ID
  bool body_was_gzip = true;  // false: we compressed a plain body
  std::string ingest_path, ingest_query;
  std::vector<std::string> ingest_content_types;
};

// The file's bytes in two parts, so that the body is not copied: head, then `body_tail` (a view into `body` or into `storage`).
struct Encoded {
  std::string head;
  std::string storage;
  std::string_view body_tail;
};
Result<Encoded> encode(const Meta& meta, std::string_view body);

Result<Meta> decode_meta(std::string_view file_prefix);                 // the first 64 KiB + header suffice
Result<std::string> original_body(std::string_view file);               // exactly the bytes that were stored

// UUIDv7: sorts by time. `random` are 10 random bytes. File name: "<uuid>.pb.gz" or "<uuid>.ingest.gz".
std::string make_uuid_v7(UnixNanos unix_ns, std::string_view random);
std::string file_name(std::string_view uuid, Kind kind);
bool is_archive_name(std::string_view name);

}  // namespace invar::archive
