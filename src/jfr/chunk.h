// Chunk: one part of a recording, which stands by itself, and next_chunk(), which cuts a recording into them.
// Shape:   sizes are never trusted: a chunk ends with its last whole event, finished or not.
// Errors:  kInvalidArgument: no JFR at all; kUnsupported: another version, or numbers that are not compressed.
// Threads: const use from any.  Lifetime: views into the recording.   Source: pyroscope-java.md 7.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "jfr/cursor.h"
#include "jfr/report.h"

namespace invar::jfr {

inline constexpr std::size_t kHeaderBytes = 68;

struct EventRef {
  std::uint32_t offset = 0, size = 0;  // in the chunk
};

struct Chunk {
  std::string_view bytes;  // from its header to its last whole event
  UnixNanos start_unix_ns = 0;
  std::int64_t duration_ns = 0;
  std::uint64_t ticks_per_second = 1'000'000'000;
  std::vector<EventRef> metadata, checkpoints;  // in order

  [[nodiscard]] UnixNanos end_unix_ns() const;
  // Behind size and type of an event.
  [[nodiscard]] Cursor cursor(EventRef event) const;
  // Of a duration in ticks.
  [[nodiscard]] std::int64_t nanoseconds(std::uint64_t ticks) const;

  // Calls each(type, cursor behind the type, event) for every event that is neither metadata nor checkpoint.
  template <class Each>
  void for_each_event(Each each) const {
    walk([&](std::uint64_t type, const Cursor& fields, EventRef event) {
      if (type > 1) each(type, fields, event);
    });
  }
  // The same with metadata (type 0) and checkpoints (type 1). Returns where the last whole event ends.
  template <class Each>
  std::size_t walk(Each each) const {
    std::size_t at = kHeaderBytes;
    while (at < bytes.size()) {
      Cursor in(bytes, at);
      const std::uint64_t size = in.varint();
      if (in.failed() || size > bytes.size() - at || size < 2) break;
      const EventRef event{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(size)};
      Cursor fields(bytes.substr(0, at + size), in.offset());
      const std::uint64_t type = fields.varint();
      if (fields.failed()) break;
      each(type, fields, event);
      at += size;
    }
    return at;
  }
};

// Takes the chunk in front off `rest`, which is not empty. What is cut off or left behind is counted.
Result<Chunk> next_chunk(std::string_view& rest, Report& report);

bool is_jfr(std::string_view bytes);

}  // namespace invar::jfr
