#include "http/engine.h"

#include <algorithm>
#include <list>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "http/curl_driver.h"
#include "http/plain_connection.h"

namespace invar::http {
namespace {

using async::TimePoint;

constexpr auto kBurstWindow = std::chrono::milliseconds(10);
constexpr auto kSweepInterval = std::chrono::seconds(60);
constexpr auto kIdleLimit = std::chrono::minutes(5);

class EngineImpl;

// The connections of one client configuration: libcurl's, and ours for plain HTTP.
class PoolImpl final : public Pool {
 public:
  PoolImpl(std::shared_ptr<EngineImpl> e, std::shared_ptr<Pool> c, bool p, DialerMetrics m);
  ~PoolImpl() override;

  std::shared_ptr<PlainConnection> take_idle(const std::string& host_port);
  void put_idle(const std::string& host_port, std::shared_ptr<PlainConnection> connection, TimePoint now);
  bool close_oldest();
  void close_idle_since(TimePoint when);

  const std::shared_ptr<EngineImpl> engine;
  const std::shared_ptr<Pool> curl;
  const bool plain;  // requests without TLS and proxy take our own connections
  const DialerMetrics metrics;

 private:
  struct Idle {
    std::string host_port;
    std::shared_ptr<PlainConnection> connection;
    TimePoint since;
  };
  using Place = std::list<Idle>::iterator;
  void remove(Place place);

  std::list<Idle> idle_;  // the longest idle first
  std::unordered_map<std::string, std::vector<Place>> by_host_;
};

enum class State { kWaiting, kRunning, kFinished, kOver };

struct TransferImpl final : public Transfer {
  TransferImpl(std::shared_ptr<PoolImpl> p, Attempt a, Engine::Done d)
      : pool(std::move(p)), attempt(std::move(a)), done(std::move(d)) {}
  ~TransferImpl() override;
  void pause() override;
  void resume() override;
  std::string_view phase() const override {
    if (state == State::kWaiting) return "waiting for a free slot to ask";
    if (connection)
      return connection->receiving() ? "receiving the answer from" : "waiting for the answer of";
    return curl ? curl->phase() : "asking";
  }

  std::shared_ptr<PoolImpl> pool;
  Attempt attempt;
  Engine::Done done;
  State state = State::kWaiting;
  bool counts = false;                       // in the burst list
  std::list<TransferImpl*>::iterator place;  // in the waiting, burst or finished list
  TimePoint started{};
  std::unique_ptr<Transfer> curl;               // a request of libcurl's, or its way to a connection for ours
  std::shared_ptr<PlainConnection> connection;  // ours
  bool reused = false;
  std::expected<Response, Failure> result;
};

class EngineImpl final : public Engine, public std::enable_shared_from_this<EngineImpl> {
 public:
  EngineImpl(async::Loop& loop, metrics::Scope* scope, Limits limits)
      : loop_(&loop),
        scope_(scope),
        max_burst_(limits.max_burst),
        connection_budget_(limits.max_connections),
        curl_(CurlDriver::create(loop, connection_budget_)),
        burst_timer_(loop),
        sweep_timer_(loop) {}

  std::shared_ptr<Pool> make_pool(PoolSettings settings) override {
    const auto m = DialerMetrics::create(scope_, settings.dialer_name);
    // Only libcurl unpacks answers and speaks HTTP/2, and only a real loop has sockets of ours.
    const bool plain = !settings.accept_gzip && !settings.only_http2 && loop_->io_context() != nullptr;
    return std::make_shared<PoolImpl>(shared_from_this(), curl_->make_pool(std::move(settings), m), plain, m);
  }

  std::unique_ptr<Transfer> start(const std::shared_ptr<Pool>& pool, Attempt attempt, Done done) override {
    auto transfer = std::make_unique<TransferImpl>(std::static_pointer_cast<PoolImpl>(pool),
                                                   std::move(attempt), std::move(done));
    transfer->place = waiting_.insert(waiting_.end(), transfer.get());
    kick();
    return transfer;
  }

  // ---- called by transfers and pools
  void forget(TransferImpl& transfer) {
    switch (transfer.state) {
      case State::kWaiting:
        waiting_.erase(transfer.place);
        break;
      case State::kFinished:
        finished_.erase(transfer.place);
        break;
      case State::kRunning:
        if (transfer.connection) close(transfer);
        end(transfer);
        break;
      case State::kOver:
        break;
    }
    transfer.state = State::kOver;
  }
  void add_pool(PoolImpl* pool) { pools_.insert(pool); }
  void remove_pool(PoolImpl* pool) { pools_.erase(pool); }
  void idle_changed(std::ptrdiff_t by) {
    idle_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(idle_) + by);
    if (idle_ > 0 && !sweep_timer_.armed()) sweep_timer_.arm_after(kSweepInterval, [this] { sweep(); });
  }

 private:
  void sweep() {
    for (PoolImpl* pool : pools_) pool->close_idle_since(loop_->now() - kIdleLimit);
    idle_changed(0);
  }

  // ---- the work of one loop task
  void kick() {
    if (std::exchange(kicked_, true)) return;
    loop_->post(alive_.bind([this] {
      kicked_ = false;
      work();
    }));
  }

  void work() {
    const auto keep = shared_from_this();  // `done` may drop the last client and with it this engine
    start_waiting();
    deliver();
    start_waiting_later();
  }

  void deliver() {
    // Only those that are here now: a `done` that sends again must not keep this task alive for ever.
    for (std::size_t n = finished_.size(); n > 0 && !finished_.empty(); --n) {
      TransferImpl& transfer = *finished_.front();
      finished_.pop_front();
      transfer.state = State::kOver;
      auto done = std::move(transfer.done);
      auto result = std::move(transfer.result);
      done(std::move(result));  // may destroy the transfer, its client, others that wait here
    }
    if (!finished_.empty()) kick();
  }

  // ---- burst limit
  void cool_down(TransferImpl& transfer) {
    if (!std::exchange(transfer.counts, false)) return;
    burst_.erase(transfer.place);
  }

  void start_waiting() {
    if (waiting_.empty()) return;
    const auto now = loop_->now();
    while (!waiting_.empty() && running_ < connection_budget_) {
      if (burst_.size() >= max_burst_) {
        if (now - burst_.front()->started < kBurstWindow) break;
        cool_down(*burst_.front());
      }
      TransferImpl& transfer = *waiting_.front();
      waiting_.pop_front();
      run(transfer, now);
    }
  }

  void start_waiting_later() {
    if (waiting_.empty() || burst_timer_.armed()) return;
    if (running_ >= connection_budget_) return;  // the end of any request starts the next
    if (burst_.size() < max_burst_) {
      kick();
    } else {
      burst_timer_.arm_at(burst_.front()->started + kBurstWindow, [this] { work(); });
    }
  }

  // ---- one transfer
  void run(TransferImpl& transfer, TimePoint now) {
    transfer.state = State::kRunning;
    transfer.started = now;
    transfer.counts = true;
    transfer.place = burst_.insert(burst_.end(), &transfer);
    ++running_;
    if (!transfer.pool->plain || transfer.attempt.https || transfer.attempt.proxy) {
      transfer.curl =
          curl_->start(transfer.pool->curl, transfer.attempt, CurlDriver::Purpose::kRequest,
                       [this, &transfer](CurlDriver::Result r) { finish(transfer, std::move(r.response)); });
    } else if (auto connection = transfer.pool->take_idle(transfer.attempt.host_port)) {
      transfer.reused = true;
      exchange(transfer, std::move(connection));
    } else {
      connect(transfer);
    }
  }

  void connect(TransferImpl& transfer) {
    transfer.reused = false;
    make_room();
    transfer.curl =
        curl_->start(transfer.pool->curl, transfer.attempt, CurlDriver::Purpose::kConnection,
                     [this, &transfer](CurlDriver::Result r) {
                       if (!r.response) return finish(transfer, std::move(r.response));
                       transfer.curl.reset();
                       exchange(transfer, PlainConnection::adopt(*loop_->io_context(), std::move(r.socket)));
                     });
  }

  void exchange(TransferImpl& transfer, std::shared_ptr<PlainConnection> connection) {
    transfer.connection = std::move(connection);
    transfer.connection->exchange(transfer.attempt, [this, &transfer](PlainConnection::Outcome outcome) {
      on_answer(transfer, std::move(outcome));
    });
  }

  void on_answer(TransferImpl& transfer, PlainConnection::Outcome outcome) {
    if (!outcome.response) {
      close(transfer);
      // The peer closed it while it was idle, and we noticed too late: nothing of this request was answered.
      if (outcome.stale && transfer.reused) return connect(transfer);
    } else {
      if (transfer.reused) transfer.pool->metrics.reuse();
      if (transfer.connection->reusable()) {
        transfer.pool->put_idle(transfer.attempt.host_port, std::move(transfer.connection), loop_->now());
      } else {
        close(transfer);
      }
    }
    finish(transfer, std::move(outcome.response));
  }

  static void close(TransferImpl& transfer) {
    transfer.connection->close();
    transfer.connection.reset();
    transfer.pool->metrics.closed();
  }

  // Idle connections give way to a new one when the descriptors are used up.
  void make_room() {
    if (idle_ + running_ <= connection_budget_) return;
    for (PoolImpl* pool : pools_) {
      if (pool->close_oldest()) return;
    }
  }

  void finish(TransferImpl& transfer, std::expected<Response, Failure> result) {
    transfer.result = std::move(result);
    end(transfer);
    transfer.state = State::kFinished;
    transfer.place = finished_.insert(finished_.end(), &transfer);
    kick();
  }

  void end(TransferImpl& transfer) {
    cool_down(transfer);
    transfer.curl.reset();
    --running_;
    // A place has become free; somebody may be waiting for it.
    if (!waiting_.empty()) kick();
  }

  async::Loop* loop_;
  metrics::Scope* scope_;
  std::size_t max_burst_;
  std::uint64_t connection_budget_;
  std::shared_ptr<CurlDriver> curl_;
  std::size_t running_ = 0;
  std::size_t idle_ = 0;
  bool kicked_ = false;
  std::list<TransferImpl*> waiting_, burst_, finished_;
  std::unordered_set<PoolImpl*> pools_;
  async::Timer burst_timer_, sweep_timer_;
  async::Alive alive_;
};

void TransferImpl::pause() {
  attempt.paused = true;
  if (connection) connection->pause();
  if (curl) curl->pause();
}

void TransferImpl::resume() {
  attempt.paused = false;
  if (connection) connection->resume();
  if (curl) curl->resume();
}

TransferImpl::~TransferImpl() {
  pool->engine->forget(*this);
}

PoolImpl::PoolImpl(std::shared_ptr<EngineImpl> e, std::shared_ptr<Pool> c, bool p, DialerMetrics m)
    : engine(std::move(e)), curl(std::move(c)), plain(p), metrics(m) {
  engine->add_pool(this);
}

PoolImpl::~PoolImpl() {
  while (close_oldest()) {
  }
  engine->remove_pool(this);
}

// The most recently used one: the others of the host may then grow old.
std::shared_ptr<PlainConnection> PoolImpl::take_idle(const std::string& host_port) {
  const auto found = by_host_.find(host_port);
  if (found == by_host_.end()) return nullptr;
  const Place place = found->second.back();
  auto connection = std::move(place->connection);
  remove(place);
  return connection;
}

void PoolImpl::put_idle(const std::string& host_port, std::shared_ptr<PlainConnection> connection,
                        TimePoint now) {
  const Place place = idle_.insert(idle_.end(), {host_port, std::move(connection), now});
  by_host_[host_port].push_back(place);
  engine->idle_changed(1);
  place->connection->rest([this, place] {
    metrics.closed();
    remove(place);
  });
}

bool PoolImpl::close_oldest() {
  if (idle_.empty()) return false;
  idle_.front().connection->close();
  metrics.closed();
  remove(idle_.begin());
  return true;
}

void PoolImpl::close_idle_since(TimePoint when) {
  while (!idle_.empty() && idle_.front().since <= when) close_oldest();
}

void PoolImpl::remove(Place place) {
  const auto found = by_host_.find(place->host_port);
  std::erase(found->second, place);
  if (found->second.empty()) by_host_.erase(found);
  idle_.erase(place);
  engine->idle_changed(-1);
}

}  // namespace

std::shared_ptr<Engine> Engine::create(async::Loop& loop, metrics::Scope* scope, Limits limits) {
  return std::make_shared<EngineImpl>(loop, scope, limits);
}

}  // namespace invar::http
