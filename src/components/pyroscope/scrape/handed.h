// Handed: what the node that scraped a job until now tells the one that goes on with it, and when that one begins. Pure.
// Shape:   u64 start of the last scrape, then the baseline as pprof::save_state() writes it, or nothing. Integers little-endian.
// Threads: any; a baseline is work for the pool. Spec: clustering.md 11.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "pprof/delta.h"

namespace invar::components::pyroscope_scrape {

struct Handed {
  UnixNanos last_unix_ns = 0;     // start of the last scrape that counts; 0: none, or not known
  pprof::DeltaStatePtr baseline;  // null: none
  Duration turn{};  // not told: what a job that missed its instant waits until it is made up for
};

std::string encode(const Handed& handed);
Result<Handed> decode_handed(std::string_view bytes);

// Whether an instant of the job has passed since its last scrape.
bool missed_its_instant(std::uint64_t identity, UnixNanos unix_ns, Duration interval, const Handed& handed);
// From `unix_ns` to the first scrape of a job: the next instant of its phase, the one after that when it was scraped just now, sooner
// when an instant has passed since the last scrape.
Duration first_wait(std::uint64_t identity, UnixNanos unix_ns, Duration interval, const Handed& handed);

}  // namespace invar::components::pyroscope_scrape
