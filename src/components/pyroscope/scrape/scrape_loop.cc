#include "components/pyroscope/scrape/scrape_loop.h"

#include <fmt/format.h>

#include "base/build_info.h"

namespace invar::components::pyroscope_scrape {
namespace {

// Bodies up to this size are checked on the loop: it costs less than waking a worker. Inflating is bounded
// below.
constexpr std::size_t kInlineBodyBytes = 8 << 10;
constexpr std::uint64_t kInlineRawBytes = 128 << 10;

double seconds_of(Duration d) {
  return std::chrono::duration<double>(d).count();
}

const std::string& agent() {
  static const std::string text = user_agent();
  return text;
}

}  // namespace

std::string_view to_string(TargetHealth health) {
  switch (health) {
    case TargetHealth::kUnknown:
      return "unknown";
    case TargetHealth::kUp:
      return "up";
    case TargetHealth::kDown:
      return "down";
  }
  return "";
}

ScrapeLoop::ScrapeLoop(Context& context, Job job, pprof::DeltaStatePtr baseline)
    : context_(context), job_(std::move(job)), baseline_(std::move(baseline)), timer_(*context.loop) {}

void ScrapeLoop::start() {
  interval_changed();
}

void ScrapeLoop::set_job(Job job) {
  job_ = std::move(job);
}

void ScrapeLoop::interval_changed() {
  const auto wait = until_phase(job_.identity, context_.loop->unix_ns(), context_.scrape_interval);
  next_tick_ = context_.loop->now() + wait;
  arm();
}

void ScrapeLoop::arm() {
  timer_.arm_at(next_tick_, [this] { tick(); });
}

TypeMetrics& ScrapeLoop::metrics() {
  if (!context_.per_target_metrics) return context_.metrics->of_type(job_.name);
  if (!own_metrics_) {
    own_scope_ = context_.scope->child({{"url", job_.url}});
    own_metrics_ = std::make_unique<TypeMetrics>(*own_scope_, metrics::LabelPairs{{"profile", job_.name}});
  }
  return *own_metrics_;
}

void ScrapeLoop::tick() {
  // From the wall clock again each time: the phase survives a clock that is set, and a tick that came late.
  const auto wait = until_phase(job_.identity, context_.loop->unix_ns(), context_.scrape_interval);
  const bool early = wait > Duration::zero() && wait < context_.scrape_interval / 4;
  next_tick_ =
      context_.loop->now() + (wait == Duration::zero() || early ? wait + context_.scrape_interval : wait);
  arm();
  if (busy_) {
    metrics().missed_ticks.add();
    return;
  }
  busy_ = true;
  started_ = context_.loop->now();
  status_.last_scrape_unix_ns = context_.loop->unix_ns();
  context_.logger.debug("scraping profile", {{"target", job_.name}, {"url", job_.url}});

  http::Request request;
  request.url = job_.url;
  request.headers.set("User-Agent", agent());
  request.timeout = job_.timeout;
  request.max_body_bytes = context_.max_profile_bytes;
  client_ = context_.client;
  call_ = client_->send(std::move(request),
                        alive_.bind([this](std::expected<http::Response, http::Failure> answer) {
                          on_answer(std::move(answer));
                        }));
}

void ScrapeLoop::on_answer(std::expected<http::Response, http::Failure> answer) {
  call_.reset();
  client_.reset();
  metrics().duration_seconds.observe(seconds_of(context_.loop->now() - started_));
  if (!answer) return finish_badly(transport_error(answer.error(), job_.url, context_.max_profile_bytes));
  if (answer->status != 200) return finish_badly(status_error(*answer, job_.name));
  if (answer->body.empty())
    return finish_badly({"not_a_profile", fmt::format("empty {} profile", job_.name)});

  status_.last_bytes = answer->body.size();
  metrics().body_bytes.observe(static_cast<double>(answer->body.size()));
  ProcessInput input{.body = std::move(answer->body),
                     .content_type = std::string(answer->headers.get("Content-Type")),
                     .profile_name = job_.name,
                     .agent_delta = job_.agent_delta,
                     .previous = baseline_,
                     .max_profile_bytes = context_.max_profile_bytes,
                     .sample_limit = context_.sample_limit};
  if (!input.agent_delta && input.body.size() <= kInlineBodyBytes &&
      context_.max_profile_bytes > kInlineRawBytes) {
    ProcessInput bounded = input;
    bounded.max_profile_bytes = kInlineRawBytes;
    auto result = process(std::move(bounded));
    if (result || result.error().reason != "too_large") return on_processed(std::move(result));
  }
  context_.pool->run(
      [input = std::move(input)]() mutable { return process(std::move(input)); },
      alive_.bind([this](std::expected<Processed, ScrapeError> result) { on_processed(std::move(result)); }));
}

void ScrapeLoop::on_processed(std::expected<Processed, ScrapeError> result) {
  if (!result) return finish_badly(result.error());
  Processed& processed = *result;
  status_.last_samples = processed.samples;
  if (job_.agent_delta) metrics().delta_seconds.observe(seconds_of(processed.delta_time));
  if (processed.reset) metrics().resets.add();
  if (processed.baseline_only || !processed.any_positive) {
    if (!processed.baseline_only) metrics().empty.add();
    if (processed.next) baseline_ = std::move(processed.next);
    return finish_well();
  }
  push(processed);
}

void ScrapeLoop::push(Processed& processed) {
  auto profile = std::make_shared<pipeline::Profile>();
  profile->labels = job_.labels;
  // The label says "already a delta"; a cumulative profile that passes untouched must not carry it.
  if (job_.agent_delta && !processed.is_delta)
    profile->labels = LabelsBuilder(job_.labels).erase(kDelta).build();
  profile->body = share(std::move(processed.body));
  profile->taken_unix_ns = context_.loop->unix_ns();
  profile->lacks_time = processed.lacks_time;

  const auto began = std::chrono::steady_clock::now();
  bool any_accepted = context_.receivers.empty();
  std::string refusals;
  for (const auto& receiver : context_.receivers) {
    const auto answer = receiver->accept(profile);
    if (answer.accepted()) {
      any_accepted = true;
    } else {
      refusals += (refusals.empty() ? "" : "; ") + answer.reason;
    }
  }
  context_.metrics->fanout_latency.observe(seconds_of(std::chrono::steady_clock::now() - began));
  // With nobody holding this delta the old baseline stays: the next one covers both intervals.
  if (any_accepted && processed.next) baseline_ = std::move(processed.next);
  if (!refusals.empty())
    return finish_badly({"refused", "taken from the target, but not accepted downstream: " + refusals});
  context_.metrics->forwarded_entries.add();
  finish_well();
}

void ScrapeLoop::finish_well() {
  busy_ = false;
  status_.last_duration = context_.loop->now() - started_;
  status_.last_success_unix_ns = context_.loop->unix_ns();
  metrics().count("success", "");
  if (status_.health == TargetHealth::kDown) {
    context_.logger.info("target is scraped again", {{"target", job_.name}, {"url", job_.url}});
  }
  status_.health = TargetHealth::kUp;
  status_.last_error.clear();
}

void ScrapeLoop::finish_badly(const ScrapeError& error) {
  busy_ = false;
  status_.last_duration = context_.loop->now() - started_;
  metrics().count("failure", error.reason);
  // Once per change of state: a target that stays down says so once.
  if (status_.health != TargetHealth::kDown || status_.last_error != error.sentence) {
    context_.logger.error(error.reason == "refused" ? "push failed" : "fetch profile failed",
                          {{"target", job_.name}, {"url", job_.url}, {"err", error.sentence}});
  }
  status_.health = TargetHealth::kDown;
  status_.last_error = error.sentence;
}

}  // namespace invar::components::pyroscope_scrape
