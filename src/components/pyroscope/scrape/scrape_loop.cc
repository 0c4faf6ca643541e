#include "components/pyroscope/scrape/scrape_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/build_info.h"
#include "codec/gzip.h"
#include "http/shown_body.h"

namespace invar::components::pyroscope_scrape {
namespace {

// Profiles up to these sizes, on the wire and unpacked, are brief work: 2 to 3 ms.
constexpr std::size_t kBriefBodyBytes = 256 << 10;
constexpr std::uint64_t kBriefRawBytes = 512 << 10;

double seconds_of(Duration d) {
  return std::chrono::duration<double>(d).count();
}

// What a job that begins may come to hold: its baseline, and its profile while it is worked on.
constexpr std::uint64_t kJobBytes = 256 << 10;
constexpr std::string_view kNoMemory = "not scraped: this node has no memory left for one more job";

constexpr std::string_view kSeveralProcesses =
    "several processes answer in turn at this address: each has a baseline of its own; scrape each at an "
    "address of its "
    "own";

constexpr std::string_view kOneMoreProcess =
    "one more process answers at this address: its first profile is not sent, and of more than 4 some never "
    "are; scrape "
    "each at an address of its own";

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

ScrapeLoop::ScrapeLoop(Context& context, TargetUp& target, JobPtr job, pprof::DeltaStatePtr baseline)
    : context_(context),
      target_(target),
      job_(std::move(job)),
      type_metrics_(context.metrics->of_type(job_->name)),
      timer_(*context.loop) {
  ++target_.loops;
  set_baseline(std::move(baseline));
}

ScrapeLoop::~ScrapeLoop() {
  set_baseline(nullptr);
  set_without_memory(false);
  set_health(TargetHealth::kUnknown);
  --target_.loops;
}

void ScrapeLoop::start(const Handed& handed) {
  next_tick_ = context_.loop->now() +
               first_wait(job_->identity, context_.loop->unix_ns(), context_.scrape_interval, handed);
  arm();
}

Handed ScrapeLoop::hand_over() {
  timer_.cancel();
  // A delta that is not sent yet is not: who goes on makes it anew, and at once.
  const bool given_up = busy_ && job_->agent_delta;
  return {status_.last_scrape_unix_ns == 0 || !given_up
              ? status_.last_scrape_unix_ns
              : status_.last_scrape_unix_ns - 2 * context_.scrape_interval.count(),
          baseline_,
          {}};
}

void ScrapeLoop::set_job(JobPtr job) {
  job_ = std::move(job);
}

void ScrapeLoop::interval_changed() {
  const auto wait = until_phase(job_->identity, context_.loop->unix_ns(), context_.scrape_interval);
  next_tick_ = context_.loop->now() + wait;
  arm();
}

void ScrapeLoop::arm() {
  timer_.arm_at(next_tick_, [this] { tick(); });
}

UnixNanos ScrapeLoop::next_scrape_unix_ns() const {
  return context_.loop->unix_ns() + Duration(next_tick_ - context_.loop->now()).count();
}

UnixNanos ScrapeLoop::baseline_good_until() const {
  return busy_ ? 0 : next_scrape_unix_ns();
}

void ScrapeLoop::set_baseline(pprof::DeltaStatePtr baseline) {
  const auto bytes = [](const pprof::DeltaStatePtr& state) {
    return state ? static_cast<double>(pprof::state_bytes(*state)) : 0.0;
  };
  context_.metrics->baseline_bytes.add(bytes(baseline) - bytes(baseline_));
  baseline_ = std::move(baseline);
}

void ScrapeLoop::set_health(TargetHealth health) {
  target_.up -= status_.health == TargetHealth::kUp;
  target_.down -= status_.health == TargetHealth::kDown;
  context_.totals.failing -= status_.health == TargetHealth::kDown;
  status_.health = health;
  target_.up += health == TargetHealth::kUp;
  target_.down += health == TargetHealth::kDown;
  context_.totals.failing += health == TargetHealth::kDown;
}

TypeMetrics& ScrapeLoop::metrics() {
  if (!context_.per_target_metrics) {
    own_metrics_.reset();
    return type_metrics_;
  }
  if (!own_metrics_)
    own_metrics_ = std::make_unique<OwnMetrics>(context_.scope->child({{"url", job_->url}}), job_->name);
  return own_metrics_->metrics;
}

void ScrapeLoop::tick() {
  // From the wall clock again each time: the phase survives a clock that is set, and a tick that came late.
  const auto wait = until_phase(job_->identity, context_.loop->unix_ns(), context_.scrape_interval);
  const bool early = wait > Duration::zero() && wait < context_.scrape_interval / 4;
  next_tick_ =
      context_.loop->now() + (wait == Duration::zero() || early ? wait + context_.scrape_interval : wait);
  arm();
  if (busy_) {
    metrics().missed_ticks.add();
    return;
  }
  if (may_begin()) scrape();
}

// Asked before the first scrape; what has begun goes on.
bool ScrapeLoop::may_begin() {
  begun_ = begun_ || context_.memory == nullptr || context_.memory->admit(kJobBytes);
  set_without_memory(!begun_);
  if (begun_) return true;
  metrics().count_failure("memory");
  set_health(TargetHealth::kDown);
  status_.last_error = kNoMemory;
  status_.last_reason = "memory";
  if (status_.failing_since_unix_ns == 0) status_.failing_since_unix_ns = context_.loop->unix_ns();
  return false;
}

void ScrapeLoop::set_without_memory(bool without) {
  context_.jobs_without_memory += without;
  context_.jobs_without_memory -= without_memory_;
  without_memory_ = without;
}

bool ScrapeLoop::scrape_now() {
  if (busy_ || !may_begin()) return false;
  scrape();
  return true;
}

void ScrapeLoop::scrape() {
  busy_ = true;
  started_ = context_.loop->now();
  status_.last_scrape_unix_ns = context_.loop->unix_ns();
  if (context_.logger.enabled(log::Level::kDebug))
    context_.logger.debug("scraping profile", {{"target", job_->name}, {"url", job_->url}});

  http::Request request;
  request.url = job_->url;
  request.headers.set("User-Agent", agent());
  request.timeout = job_->timeout;
  request.max_body_bytes = context_.max_profile_bytes;
  request.expected_body_bytes = status_.last_bytes + status_.last_bytes / 16;
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
  if (!answer) return finish_badly(transport_error(answer.error(), job_->url, context_.max_profile_bytes));
  if (answer->status != 200) {
    keep_answer(answer->status, answer->headers.get("Content-Type"), answer->body);
    return finish_badly(status_error(*answer, job_->name));
  }
  if (answer->body.empty())
    return finish_badly(
        {"not_a_profile", fmt::format("empty {} profile: the target answered without a body", job_->name)});

  status_.last_bytes = answer->body.size();
  metrics().body_bytes.observe(static_cast<double>(answer->body.size()));
  const auto input = std::make_shared<ProcessInput>(
      ProcessInput{.body = std::move(answer->body),
                   .content_type = std::string(answer->headers.get("Content-Type")),
                   .content_encoding = std::string(answer->headers.get("Content-Encoding")),
                   .profile_name = job_->name,
                   .agent_delta = job_->agent_delta,
                   .asks_for_seconds = job_->asks_for_seconds,
                   .previous = baseline_,
                   .max_profile_bytes = context_.max_profile_bytes,
                   .sample_limit = context_.sample_limit,
                   .now_unix_ns = context_.loop->unix_ns()});
  const bool brief =
      input->body.size() <= kBriefBodyBytes && codec::claimed_size(input->body) <= kBriefRawBytes;
  if (!brief) return process_on_pool(input);
  input->max_profile_bytes = std::min(context_.max_profile_bytes, kBriefRawBytes);
  context_.pool->run_brief([input] { return process(*input); },
                           alive_.bind([this, input](std::expected<Processed, ScrapeError> result) {
                             const bool claimed_too_little =
                                 !result && result.error().reason == "too_large" &&
                                 input->max_profile_bytes < context_.max_profile_bytes;
                             if (!claimed_too_little) return on_processed(*input, std::move(result));
                             input->max_profile_bytes = context_.max_profile_bytes;
                             process_on_pool(input);
                           }));
}

void ScrapeLoop::process_on_pool(const std::shared_ptr<ProcessInput>& input) {
  context_.pool->run([input] { return process(*input); },
                     alive_.bind([this, input](std::expected<Processed, ScrapeError> result) {
                       on_processed(*input, std::move(result));
                     }));
}

void ScrapeLoop::on_processed(const ProcessInput& input, std::expected<Processed, ScrapeError> result) {
  if (context_.costs != nullptr) context_.costs->note(job_->target_key, status_.last_bytes, input.cpu);
  if (!result) {
    if (result.error().reason == "not_a_profile") keep_answer(200, input.content_type, input.body);
    return finish_badly(result.error());
  }
  Processed& processed = *result;
  status_.last_samples = processed.samples;
  if (job_->agent_delta) metrics().delta_seconds.observe(seconds_of(processed.delta_time));
  if (job_->agent_delta) note_events(processed.events);
  note_time(processed);
  if (processed.evicted > 0) metrics().evictions.add(processed.evicted);
  if (processed.baseline_only || !processed.any_positive) {
    if (!processed.baseline_only) metrics().empty.add();
    if (processed.next) set_baseline(std::move(processed.next));
    return finish_well();
  }
  push(processed);
}

void ScrapeLoop::note_events(const DeltaEvents& events) {
  metrics().count_events(events);
  if (events == DeltaEvents{} && status_.processes == 1 && !status_.unknown_process) return;
  const log::Logger logger = context_.logger.with({{"target", job_->name}, {"url", job_->url}});
  if (events.restart) logger.info("the target's counters started anew: it has restarted");
  if (events.unknown && !status_.unknown_process) logger.warn(kOneMoreProcess);
  if (events.dips > 0)
    logger.debug("a few counters of the target fell: they count nothing until they are back");
  if (events.clock_back) logger.info("the target's clock was set back");
  if (events.processes > 1 && status_.processes < 2) logger.warn(kSeveralProcesses);
  status_.processes = events.processes;
  status_.unknown_process = events.unknown;
}

void ScrapeLoop::note_time(const Processed& processed) {
  std::string problem;
  if (processed.restamped) {
    problem = fmt::format(
        "its profiles carry a time that cannot be right ({}): the time of the scrape is written instead",
        format_rfc3339(processed.time_unix_ns));
    if (status_.problem.empty())
      context_.logger.warn(
          "a target's profiles carry a time that cannot be right: the time of the scrape is written "
          "instead",
          {{"target", job_->name}, {"url", job_->url}, {"time", format_rfc3339(processed.time_unix_ns)}});
  }
  status_.problem = std::move(problem);
}

void ScrapeLoop::push(Processed& processed) {
  auto profile = std::make_shared<pipeline::Profile>();
  profile->labels = job_->labels;
  // The label says "already a delta"; a cumulative profile that passes untouched must not carry it.
  if (job_->agent_delta && !processed.is_delta)
    profile->labels = LabelsBuilder(job_->labels).erase(kDelta).build();
  profile->body = share(std::move(processed.body));
  profile->taken_unix_ns = context_.loop->unix_ns();
  profile->lacks_time = processed.lacks_time;
  profile->checked = true;

  const pipeline::Answer answer = context_.outlets->offer(profile);
  // With nobody holding this delta the old baseline stays: the next one covers both intervals.
  if (answer.held()) context_.tap.made(profile);
  if (answer.held() && processed.next) set_baseline(std::move(processed.next));
  if (!answer.accepted())
    return finish_badly(
        {"refused", "taken from the target, but not accepted downstream: " + answer.reason, answer.reason});
  finish_well();
}

void ScrapeLoop::end_scrape() {
  busy_ = false;
  status_.last_duration = context_.loop->now() - started_;
  if (finished_) context_.loop->post(std::exchange(finished_, nullptr));
}

void ScrapeLoop::finish_well() {
  end_scrape();
  status_.last_success_unix_ns = context_.loop->unix_ns();
  metrics().successes.add();
  ++context_.totals.scrapes;
  history_.add(status_.last_scrape_unix_ns, status_.last_duration, status_.last_bytes, status_.last_samples,
               "ok");
  if (status_.health == TargetHealth::kDown) {
    context_.logger.info("target is scraped again", {{"target", job_->name}, {"url", job_->url}});
  }
  set_health(TargetHealth::kUp);
  status_.last_error.clear();
  status_.last_reason.clear();
  status_.failing_since_unix_ns = 0;
}

void ScrapeLoop::finish_badly(const ScrapeError& error) {
  end_scrape();
  metrics().count_failure(error.reason);
  ++context_.totals.scrapes;
  ++context_.totals.failed;
  history_.add(status_.last_scrape_unix_ns, status_.last_duration, 0, 0, error.reason);
  // Once per change of state: a target that stays down says so once.
  std::string state = error.reason + " " + error.state;
  if (status_.health != TargetHealth::kDown || state != failing_as_) {
    context_.logger.error(error.reason == "refused" ? "push failed" : "fetch profile failed",
                          {{"target", job_->name}, {"url", job_->url}, {"err", error.sentence}});
  }
  set_health(TargetHealth::kDown);
  failing_as_ = std::move(state);
  status_.last_error = error.sentence;
  status_.last_reason = error.reason;
  if (status_.failing_since_unix_ns == 0) status_.failing_since_unix_ns = context_.loop->unix_ns();
}

void ScrapeLoop::keep_answer(int status, std::string_view content_type, std::string_view body) {
  history_.keep_answer({.at_unix_ns = context_.loop->unix_ns(),
                        .status = status,
                        .content_type = std::string(content_type),
                        .head = http::shown_body(body, content_type, ScrapeHistory::kHeadBytes)});
}

}  // namespace invar::components::pyroscope_scrape
