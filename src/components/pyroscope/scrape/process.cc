#include "components/pyroscope/scrape/process.h"

#include <fmt/format.h>
#include <time.h>

#include <chrono>

#include "base/scratch_text.h"
#include "base/strings.h"
#include "codec/content_coding.h"
#include "codec/gzip.h"
#include "pprof/retime.h"

namespace invar::components::pyroscope_scrape {
namespace {

std::unexpected<ScrapeError> over_limit(std::uint64_t samples, std::uint64_t limit) {
  return std::unexpected(
      ScrapeError{"sample_limit",
                  fmt::format("the profile has {} samples, more than sample_limit = {}", samples, limit)});
}

std::expected<Processed, ScrapeError> compute_delta(ProcessInput& input) {
  thread_local pprof::DeltaEngine engine;
  const auto started = std::chrono::steady_clock::now();
  auto result = engine.step(input.body, input.profile_name, input.previous, input.max_profile_bytes);
  if (!result) return std::unexpected(body_error(result.error(), input.body, input.content_type));
  if (input.sample_limit > 0 && result->input_samples > input.sample_limit)
    return over_limit(result->input_samples, input.sample_limit);
  Processed out;
  out.delta_time = std::chrono::steady_clock::now() - started;
  out.samples = result->summary.samples;
  out.time_unix_ns = result->summary.time_unix_ns;
  out.lacks_time = out.time_unix_ns == 0;
  out.next = std::move(result->next);
  out.events.dips = result->dips;
  out.events.clock_back = result->clock_went_back;
  if (out.next) out.events.processes = pprof::processes(*out.next);
  out.evicted = result->evicted;
  switch (result->kind) {
    case pprof::DeltaResult::Kind::kUnknown:
      out.events.unknown = true;
      [[fallthrough]];
    case pprof::DeltaResult::Kind::kBaseline:
      out.baseline_only = true;
      break;
    case pprof::DeltaResult::Kind::kReset:
      out.events.restart = true;
      [[fallthrough]];
    case pprof::DeltaResult::Kind::kDelta:
      out.is_delta = true;
      out.any_positive = result->any_positive;
      out.body = std::move(result->body);
      break;
    case pprof::DeltaResult::Kind::kPassThrough:
      out.any_positive = result->summary.any_positive_value;
      out.body = std::move(input.body);
      break;
  }
  return out;
}

// Takes off what the profile was packed with on its way. A gzip over a plain one does as its own, and stays.
std::optional<ScrapeError> unpack(ProcessInput& input) {
  if (input.content_encoding.empty()) return std::nullopt;
  auto plain = codec::undo_content_coding(input.body, input.content_encoding, input.max_profile_bytes);
  if (!plain && plain.error().code == ErrorCode::kUnsupported) {
    return ScrapeError{"not_a_profile", plain.error().message, "coding"};
  }
  if (!plain) return body_error(plain.error(), input.body, input.content_type);
  const std::string_view coding = trim_space(input.content_encoding);
  const bool one_gzip = equals_ignore_case(coding, "gzip") || equals_ignore_case(coding, "x-gzip");
  if (!one_gzip || codec::is_gzip(*plain)) input.body = *std::move(plain);
  input.content_encoding.clear();
  return std::nullopt;
}

std::expected<Processed, ScrapeError> process_as_stamped(ProcessInput& input) {
  const bool maybe_cumulative = input.agent_delta && !input.asks_for_seconds;
  if (maybe_cumulative) {
    // The delta reads the profile whole; what only a first look trips over is said in better words here.
    if (auto head = pprof::check_head(input.body, input.content_type); !head) {
      return std::unexpected(body_error(head.error(), input.body, input.content_type));
    }
    return compute_delta(input);
  }
  thread_local std::string scratch;
  auto summary = pprof::validate_body(input.body, input.content_type, input.max_profile_bytes, scratch);
  constexpr std::size_t kKeptScratch = 4 << 20;
  give_back(scratch, kKeptScratch);
  if (!summary) return std::unexpected(body_error(summary.error(), input.body, input.content_type));
  // A target that does not know `seconds` answers with its totals, which last no time.
  if (input.agent_delta && summary->duration_ns <= 0) return compute_delta(input);
  if (input.sample_limit > 0 && summary->samples > input.sample_limit)
    return over_limit(summary->samples, input.sample_limit);
  Processed out;
  out.is_delta = input.agent_delta;
  out.samples = summary->samples;
  out.time_unix_ns = summary->time_unix_ns;
  out.lacks_time = out.time_unix_ns == 0;
  out.any_positive = summary->any_positive_value;
  out.body = std::move(input.body);
  return out;
}

std::expected<Processed, ScrapeError> process_whole(ProcessInput& input) {
  if (auto error = unpack(input)) return std::unexpected(*std::move(error));
  auto first = process_as_stamped(input);
  if (!first || pprof::is_plausible_time(first->time_unix_ns, input.now_unix_ns)) return first;
  // A delta, and its baseline, are made anew from the body with the right time.
  const bool passed_on = input.body.empty();
  std::string& body = passed_on ? first->body : input.body;
  auto stamped = pprof::body_with_time(body, input.now_unix_ns, input.max_profile_bytes);
  if (!stamped) return std::unexpected(body_error(stamped.error(), body, input.content_type));
  body = std::move(*stamped);
  const UnixNanos written = first->time_unix_ns;
  auto second = passed_on ? std::move(first) : process_as_stamped(input);
  if (second) second->restamped = true;
  if (second) second->time_unix_ns = written;
  return second;
}

Duration thread_cpu() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

std::expected<Processed, ScrapeError> process(ProcessInput& input) {
  const Duration began = thread_cpu();
  auto result = process_whole(input);
  input.cpu += thread_cpu() - began;
  return result;
}

}  // namespace invar::components::pyroscope_scrape
