#include "components/pyroscope/java/conversions.h"

#include <memory>
#include <utility>

#include "codec/gzip.h"

namespace invar::components::pyroscope_java {
namespace {

constexpr std::size_t kMostAtOnce = 2;

}  // namespace

Result<Converted> convert(std::string_view recording, const jfr::ConvertOptions& options) {
  INVAR_ASSIGN_OR_RETURN(jfr::Conversion conversion, jfr::to_pprof(recording, options));
  Converted converted{.event = std::move(conversion.event),
                      .start_unix_ns = conversion.start_unix_ns,
                      .duration_ns = conversion.duration_ns,
                      .events = conversion.events,
                      .report = conversion.report};
  codec::Deflater deflater;
  for (jfr::ConvertedProfile& profile : conversion.profiles) {
    if (profile.samples == 0) continue;
    std::string body;
    deflater.gzip(profile.body, body);
    converted.profiles.push_back({std::move(profile.name), share(std::move(body)), profile.samples});
  }
  return converted;
}

void Conversions::add(std::string recording, jfr::ConvertOptions options, Done done) {
  waiting_.push_back({std::move(recording), options, std::move(done)});
  run_next();
}

void Conversions::run_next() {
  if (waiting_.empty() || running_ == kMostAtOnce) return;
  ++running_;
  auto job = std::make_shared<Job>(std::move(waiting_.front()));
  waiting_.pop_front();
  pool_.run([job] { return convert(job->recording, job->options); },
            alive_.bind([this, job](Result<Converted> converted) {
              --running_;
              job->done(std::move(converted));
              run_next();
            }));
}

}  // namespace invar::components::pyroscope_java
