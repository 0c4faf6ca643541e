#include "delivery/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "delivery/endpoint_metrics.h"

namespace invar::delivery {
namespace {

// Sent twice, and twice what came back could not be read: the server may have it by now, and would get it again and again.
bool second_unreadable(Delivery& delivery, const Reply& reply) {
  return reply.maybe_stored && std::exchange(delivery.maybe_stored, true);
}
Outcome unreadable(const Reply& reply) {
  return {End::kDropped, "unreadable answer", reply.error};
}

}  // namespace

Endpoint::Endpoint(Environment environment, EndpointSettings settings, EndpointMetrics metrics,
                   std::unique_ptr<http::Client> client)
    : env_(std::move(environment)),
      settings_(std::move(settings)),
      metrics_(std::move(metrics)),
      client_(std::move(client)),
      queue_(
          {env_.loop, env_.logger, env_.disk_pool, env_.files, env_.directory, settings_.shown_url,
           env_.recover},
          settings_.queue,
          {[this](DeliveryPtr delivery, Outcome outcome) { finish(std::move(delivery), std::move(outcome)); },
           [this] { dispatch(); }}),
      log_(*env_.loop, env_.logger),
      timer_(*env_.loop),
      drain_timer_(*env_.loop) {}

Endpoint::~Endpoint() {
  finish_all(End::kLeft, "stopped");
}

void Endpoint::update(EndpointSettings settings, std::unique_ptr<http::Client> client) {
  settings_ = std::move(settings);
  if (client) client_ = std::move(client);
  // What was wrong may be mended.
  gate_.reopen();
  queue_.update(settings_.queue);
  dispatch();
}

void Endpoint::offer(const Packed& packed, Receipt receipt) {
  const OutgoingPtr& profile = packed.profile;
  if (settings_.max_profile_bytes > 0 && packed.raw_bytes > settings_.max_profile_bytes)
    return refuse(
        profile->body_bytes(), std::move(receipt),
        {End::kRefused, "too large", fmt::format("{} bytes uncompressed", packed.raw_bytes), "", true});
  auto delivery = std::make_unique<Delivery>();
  delivery->taken_unix_ns = profile->taken_unix_ns;
  delivery->body_bytes = profile->body_bytes();
  delivery->protocol = &protocol_of(profile->kind);
  delivery->profile = profile;
  delivery->receipt = std::move(receipt);
  delivery->accepted_at = env_.loop->now();
  queue_.add(std::move(delivery));
  dispatch();
}

void Endpoint::refuse(std::uint64_t body_bytes, Receipt receipt, const Outcome& outcome) {
  if (outcome.reason == kEmptyProfile) {
    receipt.kept();
  } else {
    metrics_.dropped_bytes->add(static_cast<double>(body_bytes));
    metrics_.dropped_profiles->add();
    log_.lost(outcome.reason, outcome.cause, settings_.shown_url);
  }
  receipt.end(outcome);
}

void Endpoint::dispatch() {
  if (std::exchange(dispatching_, true)) return;
  queue_.set_flowing(!gate_.probing() && !gate_.closed(env_.loop->now()));
  queue_.sweep();
  while (flights_.size() < gate_.limit() && !gate_.closed(env_.loop->now())) {
    DeliveryPtr delivery = queue_.next(gate_.limit());
    if (!delivery) break;
    send(std::move(delivery));
  }
  dispatching_ = false;
  arm();
  check_drained();
}

// One timer for whatever comes next: an attempt that is due, the gate, or what time changes in the queue.
void Endpoint::arm() {
  async::TimePoint when = async::TimePoint::max();
  if (flights_.size() < gate_.limit()) {  // otherwise a reply comes first
    if (const auto due = queue_.next_due(); due != async::TimePoint::max())
      when = std::max(due, gate_.closed_until());
    if (queue_.has_ready() && gate_.closed(env_.loop->now())) when = std::min(when, gate_.closed_until());
  }
  when = std::min(when, queue_.next_sweep());
  if (when == async::TimePoint::max()) {
    timer_.cancel();
  } else {
    timer_.arm_at(when, [this] { dispatch(); });
  }
}

void Endpoint::send(DeliveryPtr delivery) {
  if (delivery->attempts++ > 0) metrics_.retries->add();
  http::Request request = delivery->protocol->request(*delivery->profile, settings_.url, settings_.headers,
                                                      settings_.remote_timeout);
  const std::uint64_t id = ++last_flight_;
  Flight& flight = flights_[id];
  flight.delivery = std::move(delivery);
  flight.client = client_;
  flight.sent_at = env_.loop->now();
  flight.call = client_->send(std::move(request),
                              alive_.bind([this, id](std::expected<http::Response, http::Failure> result) {
                                on_reply(id, std::move(result));
                              }));
}

void Endpoint::on_reply(std::uint64_t id, std::expected<http::Response, http::Failure> result) {
  const auto found = flights_.find(id);
  if (found == flights_.end()) return;
  Flight flight = std::move(found->second);
  flights_.erase(found);
  DeliveryPtr delivery = std::move(flight.delivery);
  // The last answer to a client that was replaced: it goes after this callback of its own.
  if (flight.client != client_) env_.loop->post([client = std::move(flight.client)] {});
  const Protocol& protocol = *delivery->protocol;
  const Duration took = env_.loop->now() - flight.sent_at;
  metrics_.latency.at(protocol.kind()).downstream->observe(seconds(took));
  if (result) answer_times_.add(took);

  ReplyContext context;
  context.retry_on_http_429 = settings_.retry_on_http_429;
  context.timeout = settings_.remote_timeout;
  context.now_unix_ns = env_.loop->unix_ns();
  context.url = settings_.shown_url;
  context.proved = largest_sent_ > 0;
  const Reply reply = protocol.classify(result, context);
  if (reply.verdict != Verdict::kDone) {
    metrics_.failures(reply.code).add();
    log_.error(reply);
    env_.logger.debug(
        protocol.failed(),
        {{"endpoint", settings_.shown_url}, {"retries", delivery->backoff.drawn()}, {"err", reply.error}});
  }
  switch (reply.verdict) {
    case Verdict::kDone: {
      const std::uint64_t bytes = delivery->body_bytes;
      on_success(std::move(delivery), bytes);
      break;
    }
    case Verdict::kGiveUp:
      on_give_up(std::move(delivery), reply);
      break;
    case Verdict::kRetry:
      on_retry(std::move(delivery), reply, id);
      break;
    case Verdict::kHold:
      on_hold(std::move(delivery), reply, id);
      break;
  }
  dispatch();
}

void Endpoint::on_success(DeliveryPtr delivery, std::uint64_t bytes) {
  gate_.on_success();
  refusals_ = 0;
  largest_sent_ = std::max(largest_sent_, bytes);
  log_.success(settings_.shown_url, queue_.size());
  finish(std::move(delivery), {});
}

// A bucket smaller than the profile never lets it through, however long one waits. Pyroscope names its rate but not its
// bucket, which is half of what the rate gives in a second unless somebody has set it otherwise: then it may have taken
// one as large before.
bool Endpoint::over_burst(const Delivery& delivery, const Reply& reply) const {
  return reply.rate && reply.rate->profile_bytes > reply.rate->limit_bytes / 2 &&
         delivery.body_bytes > largest_sent_;
}

void Endpoint::on_retry(DeliveryPtr delivery, const Reply& reply, std::uint64_t flight) {
  const async::TimePoint now = env_.loop->now();
  const bool too_large = over_burst(*delivery, reply);
  if (too_large && std::exchange(delivery->over_burst_once, true)) {
    Reply refusal = reply;
    refusal.verdict = Verdict::kGiveUp;
    refusal.reason = "rate limit: larger than the burst";
    refusal.sentence = fmt::format(
        "the profile is larger than the burst that the server takes at once, and can never pass; raise "
        "ingestion_burst_size_mb there, or collect smaller profiles ({})",
        reply.error);
    log_.error(refusal);
    return on_give_up(std::move(delivery), refusal);
  }
  gate_.on_trouble(flight, last_flight_, now, settings_.backoff);
  if (gate_.probing() || log_.state() != EndpointState::kWorking)
    log_.change(EndpointState::kFailing, reply, settings_.shown_url);

  if (second_unreadable(*delivery, reply)) return finish(std::move(delivery), unreadable(reply));
  Duration wait = delivery->backoff.next(settings_.backoff, env_.random());
  if (delivery->backoff.exhausted(settings_.backoff) && !settings_.queue.keep_when_exhausted) {
    finish(std::move(delivery), {End::kDropped, "retries exhausted", reply.error});
    return;
  }
  // So long does an empty bucket take to hold this profile: the next answer is about the bucket's size.
  if (too_large) {
    const double fills_in = std::min(3600.0, reply.rate->profile_bytes / reply.rate->limit_bytes);
    wait = std::max(wait, std::min(settings_.backoff.max, std::chrono::duration_cast<Duration>(
                                                              std::chrono::duration<double>(fills_in))));
  }
  if (reply.retry_after) {
    wait = std::max(wait, *reply.retry_after);
    gate_.on_retry_after(now, *reply.retry_after);
  }
  // What would leave the server's window while it waits gets its last attempt before.
  const Duration left = queue_.time_left(*delivery) - settings_.remote_timeout;
  if (left > Duration::zero()) wait = std::min(wait, left);
  queue_.retry_at(std::move(delivery), now + std::chrono::duration_cast<async::TimePoint::duration>(wait));
}

void Endpoint::on_give_up(DeliveryPtr delivery, const Reply& reply) {
  gate_.on_refusal();
  if (++refusals_ >= kRefusing || log_.state() == EndpointState::kIdle)
    log_.change(EndpointState::kRefusing, reply, settings_.shown_url);
  finish(std::move(delivery), {End::kRefused, reply.reason, reply.error});
}

// Nothing passes until credentials or address are mended, by a reload or in a file: one profile at a time asks.
void Endpoint::on_hold(DeliveryPtr delivery, const Reply& reply, std::uint64_t flight) {
  gate_.on_hold(flight, last_flight_, env_.loop->now(), settings_.backoff, env_.random);
  log_.change(reply.mistake == Mistake::kAddress ? EndpointState::kMisaddressed : EndpointState::kHeld, reply,
              settings_.shown_url);
  if (second_unreadable(*delivery, reply)) return finish(std::move(delivery), unreadable(reply));
  queue_.put_back(std::move(delivery));
}

void Endpoint::finish(DeliveryPtr delivery, Outcome outcome) {
  queue_.settled(*delivery, outcome.end);
  if (outcome.end == End::kLeft) {
    ++left_;
    return delivery->receipt.end({End::kLeft, std::move(outcome.reason)});
  }
  const Protocol& protocol = *delivery->protocol;
  const auto body_bytes = static_cast<double>(delivery->body_bytes);
  metrics_.latency.at(protocol.kind()).endpoint->observe(seconds(env_.loop->now() - delivery->accepted_at));
  if (outcome.end == End::kSent) {
    metrics_.sent_bytes->add(body_bytes);
    metrics_.sent_profiles->add();
    return delivery->receipt.end(outcome);
  }
  metrics_.dropped_bytes->add(body_bytes);
  metrics_.dropped_profiles->add();
  outcome.context =
      fmt::format("{} {} ({} retries)", protocol.failed(), settings_.shown_url, delivery->backoff.drawn());
  delivery->receipt.end(outcome);
  if (ending_) {
    ++lost_at_end_;
  } else {
    log_.lost(outcome.reason, outcome.error(), settings_.shown_url);
  }
}

void Endpoint::finish_all(End end, const std::string& reason) {
  timer_.cancel();
  ending_ = true;
  for (auto& [id, flight] : std::exchange(flights_, {})) {
    const bool left = end == End::kLeft && flight.delivery->stored();
    finish(std::move(flight.delivery), {left ? End::kLeft : End::kDropped, reason, "not delivered in time"});
  }
  queue_.give_up_all(end, reason);
  ending_ = false;
  // The accounts of a component vanish with it: this is what remains of them.
  if (const std::uint64_t left = std::exchange(left_, 0))
    env_.logger.info("profiles stay on disk until the component runs again",
                     {{"endpoint", settings_.shown_url}, {"profiles", left}, {"directory", env_.directory}});
  if (const std::uint64_t lost = std::exchange(lost_at_end_, 0))
    env_.logger.warn("profiles were dropped at the end", {{"endpoint", settings_.shown_url},
                                                          {"profiles", lost},
                                                          {"reason", reason},
                                                          {"err", queue_.disk_error()}});
}

void Endpoint::drain(Duration within, Rest rest, std::string reason, async::Task done) {
  draining_.emplace(Drain(rest, within), std::move(reason), std::move(done));
  const Drain& drain = draining_->drain;
  if (drain.longest() <= Duration::zero()) return end_drain();
  drain_timer_.arm_after(drain.longest(), [this] { end_drain(); });
  if (drain.leaves_on_disk()) queue_.save_all();
  check_drained();
}

void Endpoint::resume() {
  drain_timer_.cancel();
  draining_.reset();
}

void Endpoint::check_drained() {
  if (!draining_) return;
  const Drain::State now{.delivered = queue_.empty() && flights_.empty(),
                         .server_takes = !gate_.probing() && !gate_.closed(env_.loop->now()),
                         .all_stored = queue_.all_stored()};
  if (draining_->drain.over(now)) end_drain();
}

void Endpoint::end_drain() {
  auto [drain, reason, then] = *std::exchange(draining_, std::nullopt);
  finish_all(drain.end_of_rest(), reason);
  // The last acknowledgements; a disk that hangs does not hold up the end.
  const auto once = [done = std::make_shared<async::Task>(std::move(then))] {
    if (*done) std::exchange(*done, {})();
  };
  drain_timer_.arm_after(Drain::kSaveGrace, once);
  queue_.when_disk_idle(once);
}

EndpointView Endpoint::view() const {
  EndpointView view;
  view.state = log_.state();
  view.queued_profiles = queue_.size();
  view.memory_bytes = queue_.memory_bytes();
  view.disk_bytes = queue_.disk_bytes();
  view.disk_error = queue_.disk_error();
  view.disk_error_since_unix_ns = queue_.disk_error_since_unix_ns();
  view.in_flight = flights_.size();
  view.in_flight_limit = gate_.limit();
  view.oldest_age = queue_.oldest_age();
  const async::TimePoint now = env_.loop->now();
  for (const auto& [id, flight] : flights_)
    view.oldest_age = std::max<Duration>(view.oldest_age, now - flight.delivery->accepted_at);
  view.last_error = log_.last_error();
  view.last_error_unix_ns = log_.last_error_unix_ns();
  return view;
}

}  // namespace invar::delivery
