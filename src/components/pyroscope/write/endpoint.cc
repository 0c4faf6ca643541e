#include "components/pyroscope/write/endpoint.h"

#include <algorithm>
#include <utility>

namespace invar::components::pyroscope_write {
namespace {

double seconds(async::TimePoint::duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

std::string_view to_string(EndpointView::State state) {
  switch (state) {
    case EndpointView::State::kIdle:
      return "idle";
    case EndpointView::State::kWorking:
      return "working";
    case EndpointView::State::kFailing:
      return "failing";
    case EndpointView::State::kRefusing:
      return "refusing";
    case EndpointView::State::kHeld:
      return "held: credentials refused";
  }
  return "";
}

Endpoint::Endpoint(Environment environment, EndpointSettings settings, EndpointMetrics metrics,
                   std::unique_ptr<http::Client> client)
    : env_(std::move(environment)),
      settings_(std::move(settings)),
      metrics_(std::move(metrics)),
      client_(std::move(client)),
      timer_(*env_.loop),
      drain_timer_(*env_.loop) {}

Endpoint::~Endpoint() {
  finish_all("stopped");
}

void Endpoint::update(EndpointSettings settings, std::unique_ptr<http::Client> client) {
  settings_ = std::move(settings);
  if (client) client_ = std::move(client);
  // What was wrong may be mended.
  gate_until_ = {};
  hold_backoff_.reset();
  make_room();
  dispatch();
}

void Endpoint::offer(OutgoingPtr profile, pipeline::Ledger::Entry entry, std::shared_ptr<Push> push) {
  auto delivery = std::make_unique<Delivery>();
  delivery->profile = std::move(profile);
  delivery->entry = std::move(entry);
  delivery->push = std::move(push);
  delivery->accepted_at = env_.loop->now();
  const std::uint64_t bytes = delivery->bytes();
  bytes_ += bytes;
  if (expired(*delivery)) {
    finish(std::move(delivery), End::kExpired, "expired", "older than the server accepts");
    return;
  }
  if (bytes > settings_.queue.max_memory_bytes) {
    finish(std::move(delivery), End::kDropped, "memory full", "one profile is larger than the whole queue");
    return;
  }
  make_room();
  if (bytes_ > settings_.queue.max_memory_bytes) {
    finish(std::move(delivery), End::kDropped, "memory full", "profiles in flight fill the queue");
    return;
  }
  live_.push_back(std::move(delivery));
  dispatch();
}

// Oldest first; what is in flight stays.
void Endpoint::make_room() {
  while (bytes_ > settings_.queue.max_memory_bytes) {
    DeliveryPtr oldest;
    if (!backlog_.empty()) {
      oldest = std::move(backlog_.front());
      backlog_.pop_front();
    } else if (!live_.empty()) {
      oldest = std::move(live_.front());
      live_.pop_front();
    } else if (!waiting_.empty()) {
      const auto found =
          std::ranges::min_element(waiting_, {}, [](const auto& entry) { return entry.second->accepted_at; });
      oldest = std::move(found->second);
      waiting_.erase(found);
    } else {
      return;
    }
    finish(std::move(oldest), End::kDropped, "memory full",
           "the server does not keep up and the queue is full");
  }
}

bool Endpoint::may_send() const {
  const std::size_t limit = troubles_ >= 2 ? 1 : window_.limit();
  return flights_.size() < limit && env_.loop->now() >= gate_until_;
}

Endpoint::DeliveryPtr Endpoint::next() {
  const async::TimePoint now = env_.loop->now();
  while (!live_.empty() && now - live_.front()->accepted_at >= kLiveFor) {
    backlog_.push_back(std::move(live_.front()));
    live_.pop_front();
  }
  for (;;) {
    DeliveryPtr delivery;
    const bool due = !waiting_.empty() && waiting_.begin()->first <= now;
    const bool older = due || !backlog_.empty();
    if (!live_.empty() && (live_turn_ || !older)) {
      delivery = std::move(live_.front());
      live_.pop_front();
      live_turn_ = false;
    } else if (older) {
      auto& slot = due ? waiting_.begin()->second : backlog_.front();
      delivery = std::move(slot);
      if (due) {
        waiting_.erase(waiting_.begin());
      } else {
        backlog_.pop_front();
      }
      live_turn_ = true;
    } else {
      return nullptr;
    }
    if (!expired(*delivery)) return delivery;
    finish(std::move(delivery), End::kExpired, "expired", "too old for the server before it could be sent");
  }
}

void Endpoint::dispatch() {
  if (std::exchange(dispatching_, true)) return;
  while (may_send()) {
    DeliveryPtr delivery = next();
    if (!delivery) break;
    send(std::move(delivery));
  }
  dispatching_ = false;
  arm();
  check_drained();
}

// One timer for whatever comes next: an attempt that is due, the gate, or the sweep for what became too old.
void Endpoint::arm() {
  const async::TimePoint now = env_.loop->now();
  async::TimePoint when = async::TimePoint::max();
  if (!waiting_.empty()) when = std::max(waiting_.begin()->first, gate_until_);
  if (!live_.empty() || !backlog_.empty()) {
    if (gate_until_ > now) when = std::min(when, gate_until_);
  }
  if (flights_.size() >= (troubles_ >= 2 ? 1 : window_.limit()))
    when = async::TimePoint::max();  // a reply comes first
  if (!live_.empty() || !backlog_.empty() || !waiting_.empty())
    when = std::min(when, now + std::chrono::duration_cast<async::TimePoint::duration>(kSweepPeriod));
  if (when == async::TimePoint::max()) {
    timer_.cancel();
    return;
  }
  timer_.arm_at(when, [this] {
    sweep();
    dispatch();
  });
}

bool Endpoint::expired(const Delivery& delivery) const {
  const Duration max_age = settings_.queue.max_age;
  return max_age > Duration::zero() &&
         env_.loop->unix_ns() - delivery.profile->taken_unix_ns > max_age.count();
}

void Endpoint::sweep() {
  const auto sweep_front = [&](std::deque<DeliveryPtr>& queue) {
    while (!queue.empty() && expired(*queue.front())) {
      DeliveryPtr delivery = std::move(queue.front());
      queue.pop_front();
      finish(std::move(delivery), End::kExpired, "expired", "too old for the server before it could be sent");
    }
  };
  sweep_front(backlog_);
  sweep_front(live_);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!expired(*it->second)) {
      ++it;
      continue;
    }
    DeliveryPtr delivery = std::move(it->second);
    it = waiting_.erase(it);
    finish(std::move(delivery), End::kExpired, "expired", last_error_);
  }
}

void Endpoint::send(DeliveryPtr delivery) {
  if (delivery->attempts++ > 0) metrics_.retries->add();
  const Outgoing& profile = *delivery->profile;
  http::Request request =
      ingest(*delivery) ? ingest_request(profile, settings_.url, settings_.headers, settings_.remote_timeout)
                        : push_request(profile, settings_.url, settings_.headers, settings_.remote_timeout);
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
  const bool is_ingest = ingest(*delivery);
  (is_ingest ? metrics_.ingest_downstream : metrics_.push_downstream)
      ->observe(seconds(env_.loop->now() - flight.sent_at));

  ReplyContext context;
  context.ingest = is_ingest;
  context.retry_on_http_429 = settings_.retry_on_http_429;
  context.timeout = settings_.remote_timeout;
  context.now_unix_ns = env_.loop->unix_ns();
  context.url = settings_.shown_url;
  const Reply reply = classify(result, context);
  if (reply.verdict != Verdict::kDone) {
    metrics_.failures(reply.code).add();
    last_error_ = reply.sentence;
    last_error_unix_ns_ = context.now_unix_ns;
    env_.logger.debug(
        is_ingest ? "failed to ingest to endpoint" : "failed to push to endpoint",
        {{"endpoint", settings_.shown_url}, {"retries", delivery->backoff.drawn()}, {"err", reply.error}});
  }
  switch (reply.verdict) {
    case Verdict::kDone: {
      const std::uint64_t bytes = delivery->profile->body_bytes();
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
  window_.on_success();
  if (troubles_ > 0 || state_ == EndpointView::State::kHeld) gate_until_ = {};
  troubles_ = refusals_ = 0;
  hold_backoff_.reset();
  last_success_ = env_.loop->now();
  largest_sent_ = std::max(largest_sent_, bytes);
  note_state(EndpointView::State::kWorking, nullptr);
  finish(std::move(delivery), End::kSent, "", "");
}

// A bucket smaller than the profile never lets it through: the server has refused it twice for its rate, took
// others in between, and never took one as large.
bool Endpoint::can_never_fit(Delivery& delivery, const Reply& reply) {
  if (!reply.rate_limited) return false;
  if (++delivery.rate_refusals == 1) delivery.first_rate_refusal = env_.loop->now();
  return delivery.rate_refusals >= 2 && last_success_ > delivery.first_rate_refusal &&
         delivery.profile->body_bytes() > largest_sent_;
}

void Endpoint::on_retry(DeliveryPtr delivery, const Reply& reply, std::uint64_t flight) {
  const async::TimePoint now = env_.loop->now();
  if (window_.on_congestion(flight, last_flight_)) {
    ++troubles_;
    if (troubles_ >= 2) {
      // Doubles with every failed round, always below the wait of the profile that failed.
      Duration pause = settings_.backoff.min;
      for (std::uint64_t i = 2; i < troubles_ && pause < kMaxProbePause; ++i) pause *= 2;
      pause = std::min({pause, kMaxProbePause, settings_.backoff.max});
      gate_until_ =
          std::max(gate_until_, now + std::chrono::duration_cast<async::TimePoint::duration>(pause));
    }
  }
  if (troubles_ >= 2 || state_ != EndpointView::State::kWorking)
    note_state(EndpointView::State::kFailing, &reply);

  if (can_never_fit(*delivery, reply)) {
    finish(std::move(delivery), End::kRefused, "rate limit: larger than the burst", reply.error);
    return;
  }
  Duration wait = delivery->backoff.next(settings_.backoff, env_.random());
  if (delivery->backoff.exhausted(settings_.backoff) && !settings_.queue.keep_when_exhausted) {
    finish(std::move(delivery), End::kDropped, "retries exhausted", reply.error);
    return;
  }
  if (reply.retry_after) {
    wait = std::max(wait, *reply.retry_after);
    gate_until_ = std::max(gate_until_,
                           now + std::chrono::duration_cast<async::TimePoint::duration>(*reply.retry_after));
  }
  waiting_.emplace(now + std::chrono::duration_cast<async::TimePoint::duration>(wait), std::move(delivery));
}

// The server is there and judges the bytes: that is not trouble.
void Endpoint::on_give_up(DeliveryPtr delivery, const Reply& reply) {
  troubles_ = 0;
  if (++refusals_ >= kRefusing || state_ == EndpointView::State::kIdle)
    note_state(EndpointView::State::kRefusing, &reply);
  finish(std::move(delivery), End::kRefused, reply.reason, reply.error);
}

// Nothing passes until the credentials are mended, by a reload or in their file: one profile at a time asks.
void Endpoint::on_hold(DeliveryPtr delivery, const Reply& reply, std::uint64_t flight) {
  const async::TimePoint now = env_.loop->now();
  if (flight > held_round_end_) {
    BackoffSettings pauses = settings_.backoff;
    pauses.max = std::min(pauses.max, kMaxHoldPause);
    const Duration pause = hold_backoff_.next(pauses, env_.random());
    gate_until_ = now + std::chrono::duration_cast<async::TimePoint::duration>(pause);
    held_round_end_ = last_flight_;
  }
  troubles_ = std::max<std::uint64_t>(troubles_, 2);
  note_state(EndpointView::State::kHeld, &reply);
  backlog_.push_front(std::move(delivery));
}

void Endpoint::finish(DeliveryPtr delivery, End end, std::string_view reason, std::string_view cause) {
  bytes_ -= delivery->bytes();
  const bool is_ingest = ingest(*delivery);
  const auto body_bytes = static_cast<double>(delivery->profile->body_bytes());
  (is_ingest ? metrics_.ingest_endpoint : metrics_.push_endpoint)
      ->observe(seconds(env_.loop->now() - delivery->accepted_at));
  if (end == End::kSent) {
    metrics_.sent_bytes->add(body_bytes);
    metrics_.sent_profiles->add();
    delivery->entry.sent();
    return;
  }
  metrics_.dropped_bytes->add(body_bytes);
  metrics_.dropped_profiles->add();
  switch (end) {
    case End::kRefused:
      delivery->entry.refused(reason);
      break;
    case End::kExpired:
      delivery->entry.expired();
      break;
    default:
      delivery->entry.dropped(reason);
      break;
  }
  const std::string error = (is_ingest ? "failed to ingest to endpoint " : "failed to push to endpoint ") +
                            settings_.shown_url + " (" + std::to_string(delivery->backoff.drawn()) +
                            " retries): " + std::string(cause);
  if (!delivery->push->error.empty()) delivery->push->error += '\n';
  delivery->push->error += error;
  note_lost(reason, error);
}

void Endpoint::finish_all(std::string_view reason) {
  timer_.cancel();
  const auto drop = [&](DeliveryPtr delivery) {
    finish(std::move(delivery), End::kDropped, reason, "not delivered in time");
  };
  for (auto& [id, flight] : std::exchange(flights_, {})) drop(std::move(flight.delivery));
  for (auto& [due, delivery] : std::exchange(waiting_, {})) drop(std::move(delivery));
  for (auto* queue : {&backlog_, &live_})
    for (DeliveryPtr& delivery : std::exchange(*queue, {})) drop(std::move(delivery));
}

void Endpoint::drain(Duration within, std::string reason, async::Task done) {
  draining_ = true;
  drain_reason_ = std::move(reason);
  on_drained_ = std::move(done);
  if (within <= Duration::zero()) {
    finish_all(drain_reason_);
    check_drained();
    return;
  }
  drain_timer_.arm_after(within, [this] {
    finish_all(drain_reason_);
    check_drained();
  });
  check_drained();
}

void Endpoint::check_drained() {
  if (!draining_ || !empty() || !on_drained_) return;
  drain_timer_.cancel();
  env_.loop->post(std::exchange(on_drained_, {}));
}

// One line per change of state; a new kind of failure counts as one, at most once a minute.
void Endpoint::note_state(EndpointView::State state, const Reply* reply) {
  const async::TimePoint now = env_.loop->now();
  const bool changed = state != state_;
  const bool other_failure = reply && reply->code != failing_code_ && now - state_logged_ >= kLogPeriod;
  const EndpointView::State before = std::exchange(state_, state);
  if (!changed && !other_failure) return;
  if (reply) failing_code_ = reply->code;
  state_logged_ = now;
  switch (state) {
    case EndpointView::State::kWorking:
      if (before == EndpointView::State::kIdle) return;
      env_.logger.info("endpoint takes profiles again",
                       {{"endpoint", settings_.shown_url},
                        {"queued", std::uint64_t{live_.size() + backlog_.size() + waiting_.size()}}});
      break;
    case EndpointView::State::kFailing:
      env_.logger.warn("endpoint is failing; profiles are queued and retried",
                       {{"endpoint", settings_.shown_url}, {"err", reply->sentence}});
      break;
    case EndpointView::State::kHeld:
      env_.logger.error("endpoint refuses the credentials; profiles are queued until they are mended",
                        {{"endpoint", settings_.shown_url}, {"err", reply->sentence}});
      break;
    case EndpointView::State::kRefusing:
      env_.logger.warn("endpoint refuses profiles",
                       {{"endpoint", settings_.shown_url}, {"err", reply->sentence}});
      break;
    case EndpointView::State::kIdle:
      break;
  }
}

void Endpoint::note_lost(std::string_view reason, std::string_view cause) {
  ++lost_since_log_;
  const async::TimePoint now = env_.loop->now();
  if (lost_ever_logged_ && now - lost_logged_ < kLogPeriod) return;
  lost_ever_logged_ = true;
  lost_logged_ = now;
  env_.logger.warn("profiles were not delivered", {{"endpoint", settings_.shown_url},
                                                   {"profiles", std::exchange(lost_since_log_, 0)},
                                                   {"reason", reason},
                                                   {"err", cause}});
}

EndpointView Endpoint::view() const {
  EndpointView view;
  view.state = state_;
  view.queued_profiles = live_.size() + backlog_.size() + waiting_.size() + flights_.size();
  view.queued_bytes = bytes_;
  view.in_flight = flights_.size();
  view.in_flight_limit = troubles_ >= 2 ? 1 : window_.limit();
  async::TimePoint oldest = env_.loop->now();
  for (const auto* queue : {&live_, &backlog_})
    if (!queue->empty()) oldest = std::min(oldest, queue->front()->accepted_at);
  for (const auto& [due, delivery] : waiting_) oldest = std::min(oldest, delivery->accepted_at);
  for (const auto& [id, flight] : flights_) oldest = std::min(oldest, flight.delivery->accepted_at);
  view.oldest_age = env_.loop->now() - oldest;
  view.last_error = last_error_;
  view.last_error_unix_ns = last_error_unix_ns_;
  return view;
}

}  // namespace invar::components::pyroscope_write
