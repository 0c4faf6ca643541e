// Any bytes: a recording is read or refused, within its limits; what comes out are valid profiles, the same each time.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "jfr/summary.h"
#include "jfr/to_pprof.h"
#include "pprof/profile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::jfr;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto snapshot = LabelsSnapshot::parse(bytes);
  const ConvertOptions options{.labels = snapshot ? &*snapshot : nullptr,
                               .thread_labels = size % 2 == 1,
                               .native_locks = true,
                               .live_bytes = size % 2 == 0,
                               .span_labels = size % 3 == 0};
  const auto conversion = to_pprof(bytes, options);
  const auto summary = summarize(bytes);
  INVAR_CHECK(conversion.has_value() == summary.has_value(), "read by one, refused by the other");
  if (!conversion) return 0;
  INVAR_CHECK(conversion->report.events == summary->report.events, "another number of events");
  for (const ConvertedProfile& profile : conversion->profiles) {
    const auto inspected = invar::pprof::inspect(profile.body);
    INVAR_CHECK(inspected && inspected->samples == profile.samples, "an invalid profile");
  }
  return 0;
}
