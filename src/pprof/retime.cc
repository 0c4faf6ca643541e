#include "pprof/retime.h"

#include "codec/wire.h"

namespace invar::pprof {

// The old time has to go: readers take two of them for two profiles in one.
Result<std::string> with_time(std::string_view raw, UnixNanos unix_ns) {
  constexpr std::uint32_t kTimeNanos = 9;
  std::string out;
  out.reserve(raw.size() + 16);
  codec::wire::Reader reader(raw);
  codec::wire::Field field;
  for (std::size_t start = 0; reader.next(field); start = reader.offset()) {
    if (field.number != kTimeNanos) out += raw.substr(start, reader.offset() - start);
  }
  if (reader.error() != nullptr) return fail(ErrorCode::kInvalidArgument, reader.error());
  codec::wire::append_field(out, kTimeNanos, static_cast<std::uint64_t>(unix_ns));
  return out;
}

}  // namespace invar::pprof
