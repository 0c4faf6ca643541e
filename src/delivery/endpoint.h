// Endpoint: the queue and the sender of one server.
//
//   offer() -> DeliveryQueue -> in flight -> done | refused | back into the queue for its next attempt
//
// How many are in flight, and when, says the SendGate; what a reply means, its Protocol; what people see of it, the EndpointLog.
// Threads: loop thread only. Lifetime: what is still owned when it is destroyed is dropped, counted, unless it is on disk.
// Source:  pyroscope-write.md 5, 6, 8, 11; decisions 9-11.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/loop.h"
#include "base/last_durations.h"
#include "base/log.h"
#include "delivery/backoff.h"
#include "delivery/delivery_queue.h"
#include "delivery/drain.h"
#include "delivery/endpoint_log.h"
#include "delivery/packer.h"
#include "delivery/push_request.h"
#include "delivery/reply.h"
#include "delivery/send_gate.h"
#include "http/client.h"
#include "metrics/metrics.h"
#include "pipeline/ledger.h"

namespace invar::delivery {

struct EndpointSettings {
  std::string url;        // as configured
  std::string shown_url;  // without a password: for labels, logs, the ledger
  std::string name;
  Duration remote_timeout = std::chrono::seconds(10);
  EndpointHeaders headers;
  BackoffSettings backoff;
  bool retry_on_http_429 = true;
  QueueSettings queue;
  std::uint64_t max_profile_bytes = 0;  // uncompressed; 0: no limit
};

// Counted per endpoint URL; endpoints with one URL share them.
struct EndpointMetrics {
  metrics::Counter *sent_bytes, *dropped_bytes, *sent_profiles, *dropped_profiles, *retries;
  struct Latency {
    metrics::Histogram *endpoint, *downstream;  // all attempts and waits; one attempt
  };
  std::map<pipeline::BodyKind, Latency> latency;
  std::function<metrics::Counter&(const std::string& code)> failures;
};

struct EndpointView {
  EndpointState state = EndpointState::kIdle;
  std::uint64_t queued_profiles = 0, memory_bytes = 0, disk_bytes = 0, in_flight = 0, in_flight_limit = 0;
  Duration oldest_age{0};  // of a queued profile, since it was accepted
  std::string last_error;  // "" once it is over: profiles are taken again
  UnixNanos last_error_unix_ns = 0;
  std::string disk_error;  // "" while the disk does what it should
  UnixNanos disk_error_since_unix_ns = 0;
};

class Endpoint {
 public:
  struct Environment {
    async::Loop* loop = nullptr;
    log::Logger logger;
    std::function<std::uint64_t()> random;
    // The disk of the queue; null: none.
    async::WorkerPool* disk_pool = nullptr;
    std::shared_ptr<fs::FileSystem> files;
    std::string directory;
    std::function<pipeline::Ledger::Entry(std::string_view type)> recover;
  };
  static constexpr std::uint64_t kRefusing = 3;  // so many refusals in a row are a state of their own

  Endpoint(Environment environment, EndpointSettings settings, EndpointMetrics metrics,
           std::unique_ptr<http::Client> client);
  ~Endpoint();

  // New settings for what is queued, too. A null client keeps the present one.
  void update(EndpointSettings settings, std::unique_ptr<http::Client> client);
  void offer(const Packed& packed, Receipt receipt);
  // Ends a profile before the queue has it.
  void refuse(std::uint64_t body_bytes, Receipt receipt, const Outcome& outcome);
  // Sends what it can until `within` is over, then gives up the rest with `reason`, or leaves on disk what is there (drain.h), and
  // calls `done` (once, posted).
  using Rest = Drain::Rest;
  void drain(Duration within, Rest rest, std::string reason, async::Task done);
  void resume();  // takes drain() back

  [[nodiscard]] const EndpointSettings& settings() const { return settings_; }
  [[nodiscard]] const std::string& directory() const { return env_.directory; }
  [[nodiscard]] EndpointView view() const;
  [[nodiscard]] const LastDurations& answer_times() const { return answer_times_; }
  [[nodiscard]] std::vector<std::uint64_t> ages(std::span<const Duration> limits) const {
    return queue_.ages(limits);
  }

 private:
  struct Flight {
    DeliveryPtr delivery;
    std::shared_ptr<http::Client> client;  // stays until its flights have ended
    std::unique_ptr<http::Call> call;
    async::TimePoint sent_at;
  };

  void dispatch();
  void send(DeliveryPtr delivery);
  void on_reply(std::uint64_t id, std::expected<http::Response, http::Failure> result);
  void on_success(DeliveryPtr delivery, std::uint64_t bytes);
  void on_retry(DeliveryPtr delivery, const Reply& reply, std::uint64_t flight);
  void on_give_up(DeliveryPtr delivery, const Reply& reply);
  void on_hold(DeliveryPtr delivery, const Reply& reply, std::uint64_t flight);
  [[nodiscard]] bool over_burst(const Delivery& delivery, const Reply& reply) const;

  void finish(DeliveryPtr delivery, Outcome outcome);
  void finish_all(End end, const std::string& reason);
  void arm();
  void check_drained();
  void end_drain();

  const Environment env_;
  EndpointSettings settings_;
  const EndpointMetrics metrics_;
  std::shared_ptr<http::Client> client_;

  // What is owned: waiting, and in flight.
  DeliveryQueue queue_;
  std::map<std::uint64_t, Flight> flights_;
  std::uint64_t last_flight_ = 0;
  bool dispatching_ = false;

  // What the replies have told.
  SendGate gate_;
  EndpointLog log_;
  std::uint64_t refusals_ = 0;      // since the last success
  std::uint64_t largest_sent_ = 0;  // bytes of a body
  LastDurations answer_times_;

  // The end: of a drain, or of the endpoint.
  struct Draining {
    Drain drain;
    std::string reason;
    async::Task done;
  };
  std::optional<Draining> draining_;
  bool ending_ = false;  // what ends now is told in one line
  std::uint64_t left_ = 0, lost_at_end_ = 0;

  async::Timer timer_, drain_timer_;
  async::Alive alive_;
};

}  // namespace invar::delivery
