#include "components/pyroscope/scrape/handed.h"

#include <algorithm>
#include <cstring>

#include "components/pyroscope/scrape/jobs.h"

namespace invar::components::pyroscope_scrape {
std::string encode(const Handed& handed) {
  std::string out(reinterpret_cast<const char*>(&handed.last_unix_ns), sizeof(handed.last_unix_ns));
  if (handed.baseline) out += pprof::save_state(*handed.baseline);
  return out;
}

Result<Handed> decode_handed(std::string_view bytes) {
  Handed handed;
  if (bytes.size() < sizeof(handed.last_unix_ns))
    return fail(ErrorCode::kDataLoss, "what another node knew of a job is cut off");
  std::memcpy(&handed.last_unix_ns, bytes.data(), sizeof(handed.last_unix_ns));
  bytes.remove_prefix(sizeof(handed.last_unix_ns));
  if (bytes.empty()) return handed;
  INVAR_ASSIGN_OR_RETURN(handed.baseline, pprof::load_state(bytes));
  return handed;
}

bool missed_its_instant(std::uint64_t identity, UnixNanos unix_ns, Duration interval, const Handed& handed) {
  if (handed.last_unix_ns == 0) return false;
  const Duration wait = until_phase(identity, unix_ns, interval);
  return Duration(unix_ns - handed.last_unix_ns) + wait > interval + interval / 16;
}

Duration first_wait(std::uint64_t identity, UnixNanos unix_ns, Duration interval, const Handed& handed) {
  const Duration wait = until_phase(identity, unix_ns, interval);
  if (handed.last_unix_ns == 0) return wait;
  const Duration apart = Duration(unix_ns - handed.last_unix_ns) + wait;  // the last one and the next instant
  if (apart < interval / 4) return wait + interval;  // our clock is behind that of the other
  return missed_its_instant(identity, unix_ns, interval, handed) ? std::min(wait, handed.turn) : wait;
}

}  // namespace invar::components::pyroscope_scrape
