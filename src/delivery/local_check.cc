#include "delivery/local_check.h"

#include "base/scratch_text.h"
#include "pprof/profile.h"
#include "pprof/profile_check.h"

namespace invar::delivery {

LocalCheck check_locally(std::string_view body) {
  thread_local std::string scratch;
  LocalCheck out;
  const auto summary = pprof::validate_body(body, "", kMostRawBytes, scratch);
  give_back(scratch, pprof::kKeptScratchBytes);
  if (!summary) {
    out.verdict = summary.error().code == ErrorCode::kResourceExhausted ? LocalCheck::Verdict::kTooLarge
                                                                        : LocalCheck::Verdict::kNoProfile;
    out.error = summary.error().message;
    return out;
  }
  if (!summary->any_positive_value) out.verdict = LocalCheck::Verdict::kEmpty;
  out.lacks_time = summary->time_unix_ns == 0;
  out.time_unix_ns = summary->time_unix_ns;
  out.raw_bytes = summary->raw_bytes;
  return out;
}

}  // namespace invar::delivery
