// Endpoint: the queue and the sender of one server.
//
//   offer() -> live queue --(1 s)--> backlog -> in flight -> done | refused | waiting for its next attempt
//
// Pushes are in flight up to the Window. While the server is in trouble, one probe at a time goes out behind a
// growing gate, so an outage costs few profiles their attempts. Live profiles and the backlog take turns.
// Memory is bounded by bytes: the oldest waiting profile is dropped for a new one, counted.
// Threads: loop thread only. Lifetime: what is still owned when it is destroyed is dropped, counted.
// Source:  pyroscope-write.md 5, 6, 8, 11; decisions 9-11.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "async/loop.h"
#include "base/log.h"
#include "components/pyroscope/write/backoff.h"
#include "components/pyroscope/write/push_request.h"
#include "components/pyroscope/write/reply.h"
#include "components/pyroscope/write/window.h"
#include "http/client.h"
#include "metrics/metrics.h"
#include "pipeline/ledger.h"

namespace invar::components::pyroscope_write {

struct QueueSettings {
  std::uint64_t max_memory_bytes = std::uint64_t{64} << 20;
  Duration max_age = std::chrono::hours(1);  // 0: no limit
  Duration flush_timeout = std::chrono::milliseconds(1500);
  bool keep_when_exhausted = false;
};

struct EndpointSettings {
  std::string url;        // as configured
  std::string shown_url;  // without a password: for labels, logs, the ledger
  std::string name;
  Duration remote_timeout = std::chrono::seconds(10);
  EndpointHeaders headers;
  BackoffSettings backoff;
  bool retry_on_http_429 = true;
  QueueSettings queue;
};

// Counted per endpoint URL; endpoints with one URL share them.
struct EndpointMetrics {
  metrics::Counter *sent_bytes, *dropped_bytes, *sent_profiles, *dropped_profiles, *retries;
  metrics::Histogram *push_endpoint, *ingest_endpoint, *push_downstream, *ingest_downstream;
  std::function<metrics::Counter&(const std::string& code)> failures;
};

// One accepted profile on its way to all endpoints; the last one to let go of it ends it.
class Push {
 public:
  explicit Push(std::function<void(Push&)> on_end) : on_end_(std::move(on_end)) {}
  Push(const Push&) = delete;
  Push& operator=(const Push&) = delete;
  ~Push() { on_end_(*this); }
  std::string error;  // of the endpoints that failed, joined by newlines

 private:
  std::function<void(Push&)> on_end_;
};

struct EndpointView {
  enum class State { kIdle, kWorking, kFailing, kRefusing, kHeld };
  State state = State::kIdle;
  std::uint64_t queued_profiles = 0, queued_bytes = 0, in_flight = 0, in_flight_limit = 0;
  Duration oldest_age{0};  // of a queued profile, since it was accepted
  std::string last_error;
  UnixNanos last_error_unix_ns = 0;
};
std::string_view to_string(EndpointView::State state);

class Endpoint {
 public:
  struct Environment {
    async::Loop* loop = nullptr;
    log::Logger logger;
    std::function<std::uint64_t()> random;
  };
  static constexpr Duration kLiveFor = std::chrono::seconds(1);
  static constexpr Duration kMaxProbePause = std::chrono::seconds(15);
  static constexpr Duration kMaxHoldPause = std::chrono::minutes(1);
  static constexpr Duration kLogPeriod = std::chrono::minutes(1);
  static constexpr Duration kSweepPeriod = std::chrono::seconds(1);
  static constexpr std::uint64_t kRefusing = 3;  // so many refusals in a row are a state of their own

  Endpoint(Environment environment, EndpointSettings settings, EndpointMetrics metrics,
           std::unique_ptr<http::Client> client);
  ~Endpoint();

  // New settings for what is queued, too. A null client keeps the present one.
  void update(EndpointSettings settings, std::unique_ptr<http::Client> client);
  void offer(OutgoingPtr profile, pipeline::Ledger::Entry entry, std::shared_ptr<Push> push);
  // Sends what it can until `within` is over, drops the rest with `reason`, then calls `done` (once, posted).
  void drain(Duration within, std::string reason, async::Task done);

  [[nodiscard]] const EndpointSettings& settings() const { return settings_; }
  [[nodiscard]] EndpointView view() const;

 private:
  struct Delivery {
    OutgoingPtr profile;
    pipeline::Ledger::Entry entry;
    std::shared_ptr<Push> push;
    async::TimePoint accepted_at;
    Backoff backoff;
    std::uint64_t attempts = 0;
    int rate_refusals = 0;
    async::TimePoint first_rate_refusal{};
    [[nodiscard]] std::uint64_t bytes() const {
      return profile->body_bytes() + profile->head.size() + profile->tail.size() + 512;
    }
  };
  using DeliveryPtr = std::unique_ptr<Delivery>;
  struct Flight {
    DeliveryPtr delivery;
    std::shared_ptr<http::Client> client;  // stays until its flights have ended
    std::unique_ptr<http::Call> call;
    async::TimePoint sent_at;
  };

  void dispatch();
  [[nodiscard]] bool may_send() const;
  DeliveryPtr next();
  void send(DeliveryPtr delivery);
  void on_reply(std::uint64_t id, std::expected<http::Response, http::Failure> result);
  void on_success(DeliveryPtr delivery, std::uint64_t bytes);
  void on_retry(DeliveryPtr delivery, const Reply& reply, std::uint64_t flight);
  void on_give_up(DeliveryPtr delivery, const Reply& reply);
  void on_hold(DeliveryPtr delivery, const Reply& reply, std::uint64_t flight);
  [[nodiscard]] bool can_never_fit(Delivery& delivery, const Reply& reply);

  enum class End { kSent, kRefused, kExpired, kDropped };
  void finish(DeliveryPtr delivery, End end, std::string_view reason, std::string_view cause);
  void finish_all(std::string_view reason);
  [[nodiscard]] bool expired(const Delivery& delivery) const;
  void sweep();
  void make_room();
  void arm();
  void check_drained();
  void note_state(EndpointView::State state, const Reply* reply);
  void note_lost(std::string_view reason, std::string_view cause);
  [[nodiscard]] bool ingest(const Delivery& d) const {
    return d.profile->kind == pipeline::BodyKind::kIngest;
  }
  [[nodiscard]] bool empty() const {
    return live_.empty() && backlog_.empty() && waiting_.empty() && flights_.empty();
  }

  const Environment env_;
  EndpointSettings settings_;
  const EndpointMetrics metrics_;
  std::shared_ptr<http::Client> client_;

  std::deque<DeliveryPtr> live_, backlog_;                // never attempted, or held
  std::multimap<async::TimePoint, DeliveryPtr> waiting_;  // by the time of the next attempt
  std::map<std::uint64_t, Flight> flights_;
  std::uint64_t last_flight_ = 0, bytes_ = 0, largest_sent_ = 0;
  bool live_turn_ = true, dispatching_ = false;

  Window window_;
  std::uint64_t troubles_ = 0;     // failed rounds since the last success
  async::TimePoint gate_until_{};  // nothing is sent before
  async::TimePoint last_success_{};
  Backoff hold_backoff_;
  std::uint64_t held_round_end_ = 0;  // pushes up to here were under way when the last refusal came
  std::uint64_t refusals_ = 0;        // since the last success

  EndpointView::State state_ = EndpointView::State::kIdle;
  std::string last_error_, failing_code_;
  UnixNanos last_error_unix_ns_ = 0;
  async::TimePoint state_logged_{}, lost_logged_{};
  bool lost_ever_logged_ = false;
  std::uint64_t lost_since_log_ = 0;

  bool draining_ = false;
  std::string drain_reason_;
  async::Task on_drained_;

  async::Timer timer_, drain_timer_;
  async::Alive alive_;
};

}  // namespace invar::components::pyroscope_write
