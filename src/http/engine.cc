#include "http/engine.h"

#include <curl/curl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <list>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"
#include "http/curl_slot.h"

namespace invar::http {
namespace {

using async::TimePoint;

constexpr std::size_t kHostsPerShard = 500;
constexpr std::size_t kIdleSlots = 64;
constexpr double kMaxConnectionsPerHost = 8;
constexpr int kEventsPerWake = 128;
constexpr auto kBurstWindow = std::chrono::milliseconds(10);
constexpr auto kSweepInterval = std::chrono::seconds(60);
constexpr auto kHostIdle = std::chrono::minutes(5);

class EngineImpl;
class PoolImpl;
struct TransferImpl;

// One multi handle with the connections of some hundred hosts.
struct Shard {
  PoolImpl* pool = nullptr;
  CURLM* multi = nullptr;
  std::size_t hosts = 0;
  std::size_t running = 0;
  bool due = false;      // libcurl wants to be called now
  bool touched = false;  // may have finished transfers
  TimePoint wake{};      // libcurl wants to be called then
  bool has_wake = false;
};

// What epoll knows about a descriptor, by number.
struct SocketRecord {
  Shard* shard = nullptr;
  PoolImpl* opener = nullptr;    // set while the socket is open; null for descriptors that are libcurl's own
  std::uint32_t registered = 0;  // events in the epoll set
  bool active = false;           // libcurl waits for it
  bool connected = false;
};

struct DialerMetrics {
  metrics::Counter* attempted = nullptr;
  metrics::Counter* established = nullptr;
  metrics::Counter* closed = nullptr;
  metrics::Counter* failed = nullptr;
  metrics::Counter* reused = nullptr;
};

void count(metrics::Counter* counter) {
  if (counter) counter->add();
}

class PoolImpl final : public Pool, public SocketObserver {
 public:
  PoolImpl(std::shared_ptr<EngineImpl> engine, PoolSettings settings, DialerMetrics metrics);
  ~PoolImpl() override;

  Shard& shard_for(const std::string& host_port, TimePoint now);
  std::unique_ptr<CurlSlot> take_slot();
  void give_back(std::unique_ptr<CurlSlot> slot);
  void sweep(TimePoint now);
  void set_connection_limits();
  [[nodiscard]] bool has_shards() const { return !shards_.empty(); }

  void socket_opened(int fd) override;
  void socket_closing(int fd) override;
  void mark_connected(SocketRecord& record) const;

  std::shared_ptr<EngineImpl> engine;
  DialerMetrics metrics;

 private:
  struct Host {
    Shard* shard;
    TimePoint last_used;
  };
  void close_shard(Shard& shard);

  PoolSettings settings_;
  std::unordered_map<std::string, Host> hosts_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<CurlSlot>> idle_slots_;
};

enum class State { kWaiting, kRunning, kFinished, kOver };

struct TransferImpl final : public Transfer {
  TransferImpl(std::shared_ptr<PoolImpl> p, Attempt a, Engine::Done d)
      : pool(std::move(p)), attempt(std::move(a)), done(std::move(d)) {}
  ~TransferImpl() override;
  std::string_view phase() const override {
    return state == State::kWaiting ? "waiting for a free slot to ask" : slot ? slot->phase() : "asking";
  }

  std::shared_ptr<PoolImpl> pool;
  Attempt attempt;
  Engine::Done done;
  State state = State::kWaiting;
  bool counts = false;                       // in the burst list
  std::list<TransferImpl*>::iterator place;  // in the waiting, burst or finished list
  TimePoint started{};
  Shard* shard = nullptr;
  std::unique_ptr<CurlSlot> slot;
  std::expected<Response, Failure> result;
};

class EngineImpl final : public Engine, public std::enable_shared_from_this<EngineImpl> {
 public:
  EngineImpl(async::Loop& loop, metrics::Scope* scope, Limits limits)
      : loop_(&loop),
        scope_(scope),
        limits_(limits),
        curl_timer_(loop),
        burst_timer_(loop),
        sweep_timer_(loop) {
    static const bool curl_ready = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
    INVAR_CHECK(curl_ready, "libcurl does not initialise");
    // A quarter stays for files, servers and everything else.
    connection_budget_ = std::max<std::uint64_t>(64, limits.file_limit - limits.file_limit / 4);
  }
  ~EngineImpl() override {
    if (watch_ != 0) loop_->unwatch(watch_);
  }

  std::shared_ptr<Pool> make_pool(PoolSettings settings) override {
    DialerMetrics m;
    if (scope_) {
      const metrics::LabelPairs labels = {{"dialer_name", settings.dialer_name}};
      m.attempted = &scope_->counter("net_conntrack_dialer_conn_attempted_total",
                                     "Connections that were tried.", labels);
      m.established = &scope_->counter("net_conntrack_dialer_conn_established_total",
                                       "Connections that came about.", labels);
      m.closed = &scope_->counter("net_conntrack_dialer_conn_closed_total",
                                  "Connections that were closed again.", labels);
      m.failed = &scope_->counter("net_conntrack_dialer_conn_failed_total",
                                  "Connections that failed to come about.", labels);
      m.reused = &scope_->counter("invar_http_client_reused_connections_total",
                                  "Requests that went over a connection kept from an earlier one.", labels);
    }
    return std::make_shared<PoolImpl>(shared_from_this(), std::move(settings), m);
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
        end_transfer(transfer);
        // A place may have become free; somebody may be waiting for it.
        if (!waiting_.empty()) kick();
        break;
      case State::kOver:
        break;
    }
    transfer.state = State::kOver;
  }

  CURLM* open_multi(Shard& shard) {
    CURLM* multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &socket_callback);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, &shard);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &timer_callback);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, &shard);
    return multi;
  }
  void forget_shard(Shard& shard) {
    std::erase(due_, &shard);
    std::erase(touched_, &shard);
    wakes_.erase({shard.wake, &shard});
    for (auto& record : sockets_) {
      if (record.shard == &shard) record.shard = nullptr;
    }
  }
  SocketRecord& record_of(int fd) {
    if (static_cast<std::size_t>(fd) >= sockets_.size()) sockets_.resize(static_cast<std::size_t>(fd) + 64);
    return sockets_[static_cast<std::size_t>(fd)];
  }
  void add_pool(PoolImpl* pool) { pools_.insert(pool); }
  void remove_pool(PoolImpl* pool) { pools_.erase(pool); }
  void hosts_changed(std::ptrdiff_t by) {
    hosts_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(hosts_) + by);
    const double per_host = std::clamp(
        static_cast<double>(connection_budget_) / static_cast<double>(std::max<std::size_t>(1, hosts_)), 1.0,
        kMaxConnectionsPerHost);
    if (std::abs(per_host - connections_per_host_) < connections_per_host_ / 16) return;
    connections_per_host_ = per_host;
    for (PoolImpl* pool : pools_) pool->set_connection_limits();
  }
  [[nodiscard]] long connection_limit(const Shard& shard) const {
    return std::max(16L, static_cast<long>(static_cast<double>(shard.hosts) * connections_per_host_));
  }
  void schedule_sweep() {
    if (sweep_timer_.armed()) return;
    sweep_timer_.arm_after(kSweepInterval, [this] {
      bool again = false;
      for (PoolImpl* pool : pools_) {
        pool->sweep(loop_->now());
        again = again || pool->has_shards();
      }
      if (again) schedule_sweep();
    });
  }
  [[nodiscard]] async::Loop& loop() { return *loop_; }

 private:
  // ---- libcurl's callbacks
  static int socket_callback(CURL*, curl_socket_t fd, int what, void* shard, void*) {
    auto* self = static_cast<Shard*>(shard);
    self->pool->engine->watch_socket(*self, fd, what);
    return 0;
  }
  static int timer_callback(CURLM*, long timeout_ms, void* shard) {
    auto* self = static_cast<Shard*>(shard);
    self->pool->engine->set_wake(*self, timeout_ms);
    return 0;
  }

  // A connection that goes idle stays in the epoll set: it will be wanted again with the same events, and two system
  // calls per request are saved. If it becomes readable while idle, the peer closed it, and it is taken out then.
  void watch_socket(Shard& shard, int fd, int what) {
    SocketRecord& record = record_of(fd);
    record.shard = &shard;
    if (what == CURL_POLL_REMOVE) {
      record.active = false;
      if (!record.opener) set_events(fd, record, 0);
      return;
    }
    record.active = true;
    std::uint32_t events = 0;
    if (what & CURL_POLL_IN) events |= EPOLLIN;
    if (what & CURL_POLL_OUT) events |= EPOLLOUT;
    if ((what & CURL_POLL_IN) && record.opener) record.opener->mark_connected(record);
    set_events(fd, record, events);
  }

  void set_events(int fd, SocketRecord& record, std::uint32_t events) {
    if (record.registered == events) return;
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    const int op = events == 0 ? EPOLL_CTL_DEL : record.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(epoll_.get(), op, fd, &event) != 0 && op != EPOLL_CTL_DEL) {
      epoll_ctl(epoll_.get(), op == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    }
    record.registered = events;
  }

  void set_wake(Shard& shard, long timeout_ms) {
    if (shard.has_wake) wakes_.erase({shard.wake, &shard});
    shard.has_wake = false;
    if (timeout_ms == 0) {
      if (!std::exchange(shard.due, true)) due_.push_back(&shard);
      kick();
    } else if (timeout_ms > 0) {
      shard.wake = loop_->now() + std::chrono::milliseconds(timeout_ms);
      shard.has_wake = true;
      wakes_.emplace(shard.wake, &shard);
      schedule_wake();
    }
  }

  void schedule_wake() {
    if (wakes_.empty()) return;
    const TimePoint first = wakes_.begin()->first;
    if (curl_timer_.armed() && curl_wake_ <= first) return;
    curl_wake_ = first;
    curl_timer_.arm_at(first, [this] {
      const auto now = loop_->now();
      while (!wakes_.empty() && wakes_.begin()->first <= now) {
        Shard* shard = wakes_.begin()->second;
        wakes_.erase(wakes_.begin());
        shard->has_wake = false;
        if (!std::exchange(shard->due, true)) due_.push_back(shard);
      }
      schedule_wake();
      work();
    });
  }

  // ---- the work of one loop task
  void kick() {
    if (busy_ || std::exchange(kicked_, true)) return;
    loop_->post(alive_.bind([this] {
      kicked_ = false;
      work();
    }));
  }

  void on_readable() {
    busy_ = true;
    std::array<epoll_event, kEventsPerWake> events;
    const int n = epoll_wait(epoll_.get(), events.data(), kEventsPerWake, 0);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      SocketRecord& record = record_of(fd);
      if (!record.active || !record.shard) {
        set_events(fd, record, 0);
        continue;
      }
      int mask = 0;
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) mask |= CURL_CSELECT_IN;
      if (events[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) mask |= CURL_CSELECT_OUT;
      act(*record.shard, fd, mask);
    }
    busy_ = false;
    work();
  }

  void act(Shard& shard, curl_socket_t fd, int mask) {
    if (!std::exchange(shard.touched, true)) touched_.push_back(&shard);
    int running = 0;
    curl_multi_socket_action(shard.multi, fd, mask, &running);
  }

  void work() {
    // `done` may drop the last client and with it this engine.
    const auto keep = shared_from_this();
    busy_ = true;
    // Bounded: what remains after some rounds is done by the next task.
    for (int round = 0; round < 8; ++round) {
      start_waiting();
      if (due_.empty()) break;
      auto due = std::exchange(due_, {});
      for (Shard* shard : due) {
        shard->due = false;
        act(*shard, CURL_SOCKET_TIMEOUT, 0);
      }
      collect_finished();
    }
    collect_finished();
    busy_ = false;
    deliver();
    start_waiting_later();
  }

  void collect_finished() {
    for (Shard* shard : std::exchange(touched_, {})) {
      shard->touched = false;
      int left = 0;
      while (CURLMsg* message = curl_multi_info_read(shard->multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        auto& transfer = *static_cast<TransferImpl*>(CurlSlot::owner_of(message->easy_handle));
        const CURLcode code = message->data.result;
        finish(transfer, code);
      }
    }
  }

  void finish(TransferImpl& transfer, CURLcode code) {
    CurlSlot& slot = *transfer.slot;
    if (slot.opened_connection()) {
      const int fd = slot.active_socket();
      if (fd >= 0 && code == CURLE_OK) transfer.pool->mark_connected(record_of(fd));
    } else if (code == CURLE_OK) {
      count(transfer.pool->metrics.reused);
    }
    transfer.result = slot.take_result(code);
    end_transfer(transfer);
    transfer.state = State::kFinished;
    transfer.place = finished_.insert(finished_.end(), &transfer);
  }

  // Takes the transfer out of its multi handle; unfinished, this closes its connection.
  void end_transfer(TransferImpl& transfer) {
    cool_down(transfer);
    curl_multi_remove_handle(transfer.shard->multi, transfer.slot->easy());
    --transfer.shard->running;
    --running_;
    transfer.slot->release();
    transfer.pool->give_back(std::move(transfer.slot));
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
      if (burst_.size() >= limits_.max_burst) {
        if (now - burst_.front()->started < kBurstWindow) break;
        cool_down(*burst_.front());
      }
      TransferImpl& transfer = *waiting_.front();
      waiting_.pop_front();
      run(transfer, now);
    }
  }

  void start_waiting_later() {
    if (!due_.empty()) kick();
    if (waiting_.empty() || burst_timer_.armed()) return;
    if (running_ >= connection_budget_) return;  // the end of any request starts the next
    if (burst_.size() < limits_.max_burst) {
      kick();
    } else {
      burst_timer_.arm_at(burst_.front()->started + kBurstWindow, [this] { work(); });
    }
  }

  void run(TransferImpl& transfer, TimePoint now) {
    ensure_epoll();
    transfer.state = State::kRunning;
    transfer.started = now;
    transfer.counts = true;
    transfer.place = burst_.insert(burst_.end(), &transfer);
    transfer.shard = &transfer.pool->shard_for(transfer.attempt.host_port, now);
    transfer.slot = transfer.pool->take_slot();
    transfer.slot->prepare(transfer.attempt, &transfer);
    ++transfer.shard->running;
    ++running_;
    curl_multi_add_handle(transfer.shard->multi, transfer.slot->easy());
  }

  void ensure_epoll() {
    if (epoll_.valid()) return;
    epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
    INVAR_CHECK(epoll_.valid(), "no descriptor left for epoll");
    watch_ = loop_->watch_readable(epoll_.get(), alive_.bind([this] { on_readable(); }));
  }

  async::Loop* loop_;
  metrics::Scope* scope_;
  Limits limits_;
  std::uint64_t connection_budget_ = 0;
  double connections_per_host_ = kMaxConnectionsPerHost;
  std::size_t hosts_ = 0;
  std::size_t running_ = 0;
  bool busy_ = false;
  bool kicked_ = false;
  UniqueFd epoll_;
  async::Loop::WatchId watch_ = 0;
  std::vector<SocketRecord> sockets_;
  std::list<TransferImpl*> waiting_, burst_, finished_;
  std::vector<Shard*> due_, touched_;
  std::set<std::pair<TimePoint, Shard*>> wakes_;
  TimePoint curl_wake_{};
  std::unordered_set<PoolImpl*> pools_;
  async::Timer curl_timer_, burst_timer_, sweep_timer_;
  async::Alive alive_;
};

TransferImpl::~TransferImpl() {
  pool->engine->forget(*this);
}

PoolImpl::PoolImpl(std::shared_ptr<EngineImpl> e, PoolSettings settings, DialerMetrics m)
    : engine(std::move(e)), metrics(m), settings_(std::move(settings)) {
  engine->add_pool(this);
}

PoolImpl::~PoolImpl() {
  engine->remove_pool(this);
  engine->hosts_changed(-static_cast<std::ptrdiff_t>(hosts_.size()));
  for (auto& shard : shards_) close_shard(*shard);
}

void PoolImpl::close_shard(Shard& shard) {
  curl_multi_cleanup(shard.multi);
  engine->forget_shard(shard);
}

Shard& PoolImpl::shard_for(const std::string& host_port, TimePoint now) {
  const auto found = hosts_.find(host_port);
  if (found != hosts_.end()) {
    found->second.last_used = now;
    return *found->second.shard;
  }
  Shard* chosen = nullptr;
  for (const auto& shard : shards_) {
    if (shard->hosts < kHostsPerShard && (!chosen || shard->hosts < chosen->hosts)) chosen = shard.get();
  }
  if (!chosen) {
    auto shard = std::make_unique<Shard>();
    shard->pool = this;
    shard->multi = engine->open_multi(*shard);
    chosen = shards_.emplace_back(std::move(shard)).get();
    engine->schedule_sweep();
  }
  ++chosen->hosts;
  hosts_.emplace(host_port, Host{chosen, now});
  engine->hosts_changed(1);
  curl_multi_setopt(chosen->multi, CURLMOPT_MAXCONNECTS, engine->connection_limit(*chosen));
  return *chosen;
}

void PoolImpl::set_connection_limits() {
  for (const auto& shard : shards_) {
    curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, engine->connection_limit(*shard));
  }
}

// Forgets hosts that nobody asked for some minutes. Their connections in a shard that is still used are closed by
// libcurl at the next request there; a shard without hosts and requests is closed whole.
void PoolImpl::sweep(TimePoint now) {
  std::ptrdiff_t gone = 0;
  std::erase_if(hosts_, [&](const auto& entry) {
    const Host& host = entry.second;
    if (now - host.last_used < kHostIdle) return false;
    --host.shard->hosts;
    ++gone;
    return true;
  });
  std::erase_if(shards_, [&](const std::unique_ptr<Shard>& shard) {
    if (shard->hosts > 0 || shard->running > 0) return false;
    close_shard(*shard);
    return true;
  });
  if (gone > 0) engine->hosts_changed(-gone);
}

std::unique_ptr<CurlSlot> PoolImpl::take_slot() {
  if (idle_slots_.empty()) return std::make_unique<CurlSlot>(settings_, *this);
  auto slot = std::move(idle_slots_.back());
  idle_slots_.pop_back();
  return slot;
}

void PoolImpl::give_back(std::unique_ptr<CurlSlot> slot) {
  if (idle_slots_.size() < kIdleSlots) idle_slots_.push_back(std::move(slot));
}

void PoolImpl::socket_opened(int fd) {
  count(metrics.attempted);
  engine->record_of(fd) = SocketRecord{.opener = this};
}

void PoolImpl::socket_closing(int fd) {
  const SocketRecord& record = engine->record_of(fd);
  count(record.connected ? metrics.closed : metrics.failed);
  // The kernel takes a closed descriptor out of the epoll set.
  engine->record_of(fd) = SocketRecord{};
}

void PoolImpl::mark_connected(SocketRecord& record) const {
  if (!std::exchange(record.connected, true)) count(metrics.established);
}

}  // namespace

std::shared_ptr<Engine> Engine::create(async::Loop& loop, metrics::Scope* scope, Limits limits) {
  return std::make_shared<EngineImpl>(loop, scope, limits);
}

}  // namespace invar::http
