// Any bytes through the readers of profiles. The fast check, with every kernel of this CPU, and the strict reader must agree
// on the verdict and the summary; what parses must survive serialize() and parse() unchanged.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "pprof/profile.h"
#include "pprof/profile_check.h"

namespace {

bool same(const invar::pprof::Summary& a, const invar::pprof::Summary& b) {
  return a.sample_types == b.sample_types && a.samples == b.samples &&
         a.any_positive_value == b.any_positive_value && a.time_unix_ns == b.time_unix_ns &&
         a.duration_ns == b.duration_ns && a.raw_bytes == b.raw_bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::pprof;
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const auto strict = inspect(raw);

  std::string padded(raw);
  padded.append(kPadding, '\0');
  for (const SampleKernel& kernel : usable_sample_kernels()) {
    ProfileCheck check;
    const auto fast = check.run(std::string_view(padded).substr(0, size), kernel);
    INVAR_CHECK(fast.has_value() == strict.has_value(), "the fast reader's verdict differs");
    INVAR_CHECK(!fast || same(*fast, *strict), "the fast reader's summary differs");
    INVAR_CHECK(fast || fast.error() == strict.error(), "the fast reader refused what is valid");
  }

  const auto profile = parse(raw);
  INVAR_CHECK(profile.has_value() == strict.has_value(), "parse and inspect differ");
  if (profile) {
    const std::string written = serialize(*profile);
    const auto again = parse(written);
    INVAR_CHECK(again && serialize(*again) == written, "serialize is not stable");
  }
  std::string scratch;
  (void)validate_body(raw, "", 1 << 20, scratch);
  return 0;
}
