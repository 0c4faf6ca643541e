#include "pprof/retime.h"

#include "codec/gzip.h"
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

Result<std::string> body_with_time(std::string_view body, UnixNanos unix_ns, std::uint64_t limit_bytes) {
  if (!codec::is_gzip(body)) return with_time(body, unix_ns);
  std::string raw, out;
  INVAR_TRY(codec::Inflater().gunzip(body, limit_bytes, raw));
  INVAR_ASSIGN_OR_RETURN(raw, with_time(raw, unix_ns));
  codec::Deflater().gzip(raw, out);
  return out;
}

bool is_plausible_time(UnixNanos unix_ns, UnixNanos now_unix_ns) {
  constexpr UnixNanos kYear2000 = 946'684'800'000'000'000, kDay = 86'400'000'000'000;
  return unix_ns == 0 || (unix_ns > kYear2000 && unix_ns - kDay < now_unix_ns);
}

}  // namespace invar::pprof
