#include "jfr/chunk.h"

#include <algorithm>

#include "jfr/limits.h"

namespace invar::jfr {
namespace {

constexpr std::string_view kMagic("FLR\0", 4);
constexpr std::uint64_t kUnfinished = std::uint64_t{1}
                                      << 30;  // async-profiler's size of a chunk that it still writes
constexpr std::uint64_t kCompressed = 1;

}  // namespace

bool is_jfr(std::string_view bytes) {
  return bytes.starts_with(kMagic);
}

UnixNanos Chunk::end_unix_ns() const {
  UnixNanos end = 0;
  return __builtin_add_overflow(start_unix_ns, std::max<std::int64_t>(0, duration_ns), &end) ? start_unix_ns
                                                                                             : end;
}

Cursor Chunk::cursor(EventRef event) const {
  Cursor in(bytes.substr(0, event.offset + event.size), event.offset);
  in.varint();
  in.varint();
  return in;
}

std::int64_t Chunk::nanoseconds(std::uint64_t ticks) const {
  __extension__ using Wide = unsigned __int128;
  const Wide value = static_cast<Wide>(ticks) * 1'000'000'000 / ticks_per_second;
  return static_cast<std::int64_t>(std::min<Wide>(value, INT64_MAX));
}

Result<Chunk> next_chunk(std::string_view& rest, Report& report) {
  if (!is_jfr(rest)) return fail(ErrorCode::kInvalidArgument, "no JFR recording");
  Cursor header(rest, kMagic.size());
  const std::uint64_t major = header.fixed(2);
  header.fixed(2);
  const std::uint64_t size = header.fixed(8);
  header.fixed(16);  // where checkpoint and metadata stand: found while walking
  Chunk chunk;
  chunk.start_unix_ns = std::max<UnixNanos>(0, static_cast<UnixNanos>(header.fixed(8)));
  chunk.duration_ns = static_cast<std::int64_t>(header.fixed(8));
  header.fixed(8);
  chunk.ticks_per_second = std::max<std::uint64_t>(1, header.fixed(8));
  const std::uint64_t features = header.fixed(4);
  if (header.failed()) return fail(ErrorCode::kDataLoss, "the header of a JFR chunk is cut off");
  if (major != 1 && major != 2) return fail(ErrorCode::kUnsupported, "JFR of another version than 1 or 2");
  if ((features & kCompressed) == 0) return fail(ErrorCode::kUnsupported, "JFR without compressed integers");

  const bool is_whole = size >= kHeaderBytes && size <= rest.size() && size != kUnfinished;
  chunk.bytes = rest.substr(0, is_whole ? size : rest.size());
  const std::size_t end = chunk.walk([&](std::uint64_t type, const Cursor&, EventRef event) {
    ++report.events;
    if (type == 0) chunk.metadata.push_back(event);
    if (type == 1) chunk.checkpoints.push_back(event);
  });
  rest.remove_prefix(chunk.bytes.size());
  if (!is_whole || end < chunk.bytes.size()) ++report.truncated_chunks;
  chunk.bytes = chunk.bytes.substr(0, end);
  ++report.chunks;
  return chunk;
}

}  // namespace invar::jfr
