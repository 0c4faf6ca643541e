// pprof as data: validation and summary of a body as received, and a builder that writes profiles.
// Schema and field numbers: pyroscope-scrape.md 13 (google/pprof profile.proto). Threads: any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace invar::pprof {

struct SampleType {
  std::string type, unit;
  bool operator==(const SampleType&) const = default;
};

// What one pass over a profile tells.
struct Summary {
  std::vector<SampleType> sample_types;
  std::uint64_t samples = 0;
  bool any_positive_value = false;  // decision 15: without one it is not sent
  UnixNanos time_unix_ns = 0;       // as stored; 0 when absent
  std::int64_t duration_ns = 0;
  std::uint64_t raw_bytes = 0;  // uncompressed size
};

// Reads an uncompressed profile whole and strictly: wire format, string indexes, one value per sample type,
// at least one sample type, string 0 empty. Errors: kInvalidArgument with the field and the place in words.
Result<Summary> inspect(std::string_view raw);

// The checks of pyroscope-scrape.md 11 that need no decoding, on a body that is not empty: text, HTML, JSON by
// type or by look, too short, neither gzip nor protobuf by its first byte.
Result<> check_head(std::string_view body, std::string_view content_type);

// The checks of pyroscope-scrape.md 11 on a response body (status and content type are the caller's): empty,
// text, HTML, JSON, gzip or plain, then inspect(). `scratch` receives the uncompressed bytes.
Result<Summary> validate_body(std::string_view body, std::string_view content_type, std::uint64_t limit_bytes,
                              std::string& scratch);

// Profile in memory, for writing (self-profiling, merges) and for tests.
struct Line {
  std::uint64_t function_id = 0;
  std::int64_t line = 0, column = 0;
};
struct Function {
  std::uint64_t id = 0;
  std::string name, system_name, filename;
  std::int64_t start_line = 0;
};
struct Mapping {
  std::uint64_t id = 0, memory_start = 0, memory_limit = 0, file_offset = 0;
  std::string filename, build_id;
  bool has_functions = false, has_filenames = false, has_line_numbers = false, has_inline_frames = false;
};
struct Location {
  std::uint64_t id = 0, mapping_id = 0, address = 0;
  std::vector<Line> lines;  // innermost (inlined) first
  bool is_folded = false;
};
struct SampleLabel {
  std::string key, str, num_unit;
  std::int64_t num = 0;
};
struct Sample {
  std::vector<std::uint64_t> location_ids;  // leaf first
  std::vector<std::int64_t> values;
  std::vector<SampleLabel> labels;
};
struct Profile {
  std::vector<SampleType> sample_types;
  std::vector<Sample> samples;
  std::vector<Mapping> mappings;
  std::vector<Location> locations;
  std::vector<Function> functions;
  UnixNanos time_unix_ns = 0;
  std::int64_t duration_ns = 0;
  SampleType period_type;
  std::int64_t period = 0;
  std::vector<std::string> comments;
  std::string default_sample_type, drop_frames, keep_frames, doc_url;
};
std::string serialize(const Profile& profile);  // uncompressed protobuf
Result<Profile> parse(std::string_view raw);    // strict, whole

}  // namespace invar::pprof
