#include "http/curl_driver.h"

#include <curl/curl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/check.h"
#include "http/curl_slot.h"
#include "http/curl_stream.h"

namespace invar::http {
namespace {

using async::TimePoint;

constexpr std::size_t kHostsPerShard = 500;
constexpr std::size_t kIdleSlots = 64;
constexpr double kMaxConnectionsPerHost = 8;
constexpr int kEventsPerWake = 128;
constexpr auto kIdleSweepInterval = std::chrono::seconds(60);
constexpr auto kHostIdle = std::chrono::minutes(5);

class DriverImpl;
class CurlPool;
struct CurlTransfer;

// One multi handle with the connections of some hundred hosts.
struct Shard {
  CurlPool* pool = nullptr;
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
  CurlPool* opener = nullptr;    // set while the socket is open; null for descriptors that are libcurl's own
  std::uint32_t registered = 0;  // events in the epoll set
  bool active = false;           // libcurl waits for it
  bool connected = false;
  bool taken_over = false;
};

class CurlPool final : public Pool, public SocketObserver {
 public:
  CurlPool(std::shared_ptr<DriverImpl> driver, PoolSettings settings, DialerMetrics metrics);
  ~CurlPool() override;

  Shard& shard_for(const std::string& host_port, TimePoint now);
  Shard& shard_for_connecting();
  std::unique_ptr<CurlSlot> take_slot();
  void give_back(std::unique_ptr<CurlSlot> slot);
  void sweep(TimePoint now);
  void set_connection_limits();
  [[nodiscard]] bool has_shards() const { return !shards_.empty(); }

  void socket_opened(int fd) override;
  bool socket_closing(int fd) override;
  void mark_connected(SocketRecord& record) const;
  void count_failure(DialFailure why) const {
    metrics.attempt();
    metrics.failure(why);
  }

  std::shared_ptr<DriverImpl> driver;
  DialerMetrics metrics;

 private:
  struct Host {
    Shard* shard;
    TimePoint last_used;
  };
  Shard& add_shard();
  void close_shard(Shard& shard);

  PoolSettings settings_;
  std::unordered_map<std::string, Host> hosts_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<CurlSlot>> idle_slots_;
};

struct CurlTransfer final : public Transfer {
  CurlTransfer(std::shared_ptr<CurlPool> p, const Attempt& a, CurlDriver::Purpose why, CurlDriver::Done d)
      : pool(std::move(p)), attempt(a), purpose(why), done(std::move(d)) {}
  ~CurlTransfer() override;
  std::string_view phase() const override { return slot ? slot->phase() : "asking"; }
  void pause() override {
    if (stream) stream->pause();
  }
  void resume() override;

  std::shared_ptr<CurlPool> pool;
  const Attempt& attempt;
  CurlDriver::Purpose purpose;
  CurlDriver::Done done;
  Shard* shard = nullptr;
  std::unique_ptr<CurlSlot> slot;      // null when it is over
  std::unique_ptr<CurlStream> stream;  // null when whole answers are wanted
  CurlDriver::Result result;           // when it is over, but for what the stream has still to hand over
};

class DriverImpl final : public CurlDriver, public std::enable_shared_from_this<DriverImpl> {
 public:
  DriverImpl(async::Loop& loop, std::uint64_t connection_budget)
      : loop_(&loop), connection_budget_(connection_budget), curl_timer_(loop), sweep_timer_(loop) {
    static const bool curl_ready = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
    INVAR_CHECK(curl_ready, "libcurl does not initialise");
  }
  ~DriverImpl() override {
    if (watch_ != 0) loop_->unwatch(watch_);
  }

  std::shared_ptr<Pool> make_pool(PoolSettings settings, DialerMetrics metrics) override {
    return std::make_shared<CurlPool>(shared_from_this(), std::move(settings), metrics);
  }

  std::unique_ptr<Transfer> start(const std::shared_ptr<Pool>& pool, const Attempt& attempt, Purpose purpose,
                                  Done done) override {
    ensure_epoll();
    auto transfer = std::make_unique<CurlTransfer>(std::static_pointer_cast<CurlPool>(pool), attempt, purpose,
                                                   std::move(done));
    const bool connects = purpose == Purpose::kConnection;
    transfer->shard = connects ? &transfer->pool->shard_for_connecting()
                               : &transfer->pool->shard_for(attempt.host_port, loop_->now());
    transfer->slot = transfer->pool->take_slot();
    if (attempt.stream && !connects) {
      transfer->stream = std::make_unique<CurlStream>(*attempt.stream, attempt.paused);
      streams_.push_back(transfer.get());
    }
    transfer->slot->prepare(attempt, connects, transfer.get(), transfer->stream.get());
    ++transfer->shard->running;
    curl_multi_add_handle(transfer->shard->multi, transfer->slot->easy());
    return transfer;
  }

  // ---- called by transfers and pools
  // Takes the transfer out of its multi handle; unfinished, this closes its connection.
  void end_transfer(CurlTransfer& transfer) {
    curl_multi_remove_handle(transfer.shard->multi, transfer.slot->easy());
    --transfer.shard->running;
    transfer.slot->release();
    transfer.pool->give_back(std::move(transfer.slot));
  }

  // The stream has something to do: hand over, or let libcurl read on.
  void look_at_streams() { kick(); }
  void forget_stream(CurlTransfer& transfer) { std::erase(streams_, &transfer); }

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
  void add_pool(CurlPool* pool) { pools_.insert(pool); }
  void remove_pool(CurlPool* pool) { pools_.erase(pool); }
  void hosts_changed(std::ptrdiff_t by) {
    hosts_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(hosts_) + by);
    const double per_host = std::clamp(
        static_cast<double>(connection_budget_) / static_cast<double>(std::max<std::size_t>(1, hosts_)), 1.0,
        kMaxConnectionsPerHost);
    if (std::abs(per_host - connections_per_host_) < connections_per_host_ / 16) return;
    connections_per_host_ = per_host;
    for (CurlPool* pool : pools_) pool->set_connection_limits();
  }
  [[nodiscard]] long connection_limit(const Shard& shard) const {
    return std::max(16L, static_cast<long>(static_cast<double>(shard.hosts) * connections_per_host_));
  }
  void schedule_sweep() {
    if (sweep_timer_.armed()) return;
    sweep_timer_.arm_after(kIdleSweepInterval, [this] {
      bool again = false;
      for (CurlPool* pool : pools_) {
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
    self->pool->driver->watch_socket(*self, fd, what);
    return 0;
  }
  static int timer_callback(CURLM*, long timeout_ms, void* shard) {
    auto* self = static_cast<Shard*>(shard);
    self->pool->driver->set_wake(*self, timeout_ms);
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
    const auto keep = shared_from_this();
    busy_ = true;
    // Bounded: what remains after some rounds is done by the next task.
    for (int round = 0; round < 8 && !due_.empty(); ++round) {
      for (Shard* shard : std::exchange(due_, {})) {
        shard->due = false;
        act(*shard, CURL_SOCKET_TIMEOUT, 0);
      }
      collect_finished();
      serve_streams();
    }
    collect_finished();
    serve_streams();
    busy_ = false;
    if (!due_.empty()) kick();
  }

  void collect_finished() {
    for (Shard* shard : std::exchange(touched_, {})) {
      shard->touched = false;
      int left = 0;
      while (CURLMsg* message = curl_multi_info_read(shard->multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        auto& transfer = *static_cast<CurlTransfer*>(CurlSlot::owner_of(message->easy_handle));
        const CURLcode code = message->data.result;
        finish(transfer, code);
      }
    }
  }

  void finish(CurlTransfer& transfer, CURLcode code) {
    CurlSlot& slot = *transfer.slot;
    const int fd = code == CURLE_OK ? slot.active_socket() : -1;
    Result result;
    if (transfer.purpose == Purpose::kConnection && fd >= 0) {
      SocketRecord& record = record_of(fd);
      transfer.pool->mark_connected(record);
      // libcurl closes what it only connected; this one is taken over instead.
      set_events(fd, record, 0);
      record.taken_over = true;
      result.socket.reset(fd);
    } else if (slot.opened_connection()) {
      if (fd >= 0) transfer.pool->mark_connected(record_of(fd));
    } else if (code == CURLE_OK) {
      transfer.pool->metrics.reuse();
    }
    if (const auto why = slot.dial_failure(code)) transfer.pool->count_failure(*why);
    result.response = slot.take_result(code);
    end_transfer(transfer);
    if (transfer.stream) {
      transfer.result = std::move(result);  // serve_streams() goes on
      return;
    }
    auto done = std::move(transfer.done);
    done(std::move(result));
  }

  // Hands over what came, and lets libcurl read on where it had to stop. Any of the callbacks may drop any transfer.
  void serve_streams() {
    for (CurlTransfer* transfer : std::vector(streams_)) {
      const auto is_here = [&] { return std::ranges::find(streams_, transfer) != streams_.end(); };
      if (!is_here() || !transfer->stream->hand_over() || !is_here()) continue;
      if (!transfer->slot && !transfer->stream->paused()) {
        forget_stream(*transfer);
        auto done = std::move(transfer->done);
        done(std::move(transfer->result));
      } else if (transfer->slot && transfer->stream->goes_on()) {
        transfer->slot->go_on();
        if (!std::exchange(transfer->shard->touched, true)) touched_.push_back(transfer->shard);
      }
    }
  }

  void ensure_epoll() {
    if (epoll_.valid()) return;
    epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
    INVAR_CHECK(epoll_.valid(), "no descriptor left for epoll");
    watch_ = loop_->watch_readable(epoll_.get(), alive_.bind([this] { on_readable(); }));
  }

  async::Loop* loop_;
  std::uint64_t connection_budget_;
  double connections_per_host_ = kMaxConnectionsPerHost;
  std::size_t hosts_ = 0;
  bool busy_ = false;
  bool kicked_ = false;
  UniqueFd epoll_;
  async::Loop::WatchId watch_ = 0;
  std::vector<SocketRecord> sockets_;
  std::vector<Shard*> due_, touched_;
  std::vector<CurlTransfer*> streams_;  // those under way, and those that have still something to hand over
  std::set<std::pair<TimePoint, Shard*>> wakes_;
  TimePoint curl_wake_{};
  std::unordered_set<CurlPool*> pools_;
  async::Timer curl_timer_, sweep_timer_;
  async::Alive alive_;
};

void CurlTransfer::resume() {
  if (!stream) return;
  stream->resume();
  pool->driver->look_at_streams();
}

CurlTransfer::~CurlTransfer() {
  if (stream) pool->driver->forget_stream(*this);
  if (!slot) return;
  if (slot->connecting()) pool->count_failure(DialFailure::kTimeout);
  pool->driver->end_transfer(*this);
}

CurlPool::CurlPool(std::shared_ptr<DriverImpl> d, PoolSettings settings, DialerMetrics m)
    : driver(std::move(d)), metrics(m), settings_(std::move(settings)) {
  driver->add_pool(this);
}

CurlPool::~CurlPool() {
  driver->remove_pool(this);
  driver->hosts_changed(-static_cast<std::ptrdiff_t>(hosts_.size()));
  for (auto& shard : shards_) close_shard(*shard);
}

void CurlPool::close_shard(Shard& shard) {
  curl_multi_cleanup(shard.multi);
  driver->forget_shard(shard);
}

Shard& CurlPool::shard_for(const std::string& host_port, TimePoint now) {
  const auto found = hosts_.find(host_port);
  if (found != hosts_.end()) {
    found->second.last_used = now;
    return *found->second.shard;
  }
  Shard* chosen = nullptr;
  for (const auto& shard : shards_) {
    if (shard->hosts < kHostsPerShard && (!chosen || shard->hosts < chosen->hosts)) chosen = shard.get();
  }
  if (!chosen) chosen = &add_shard();
  ++chosen->hosts;
  hosts_.emplace(host_port, Host{chosen, now});
  driver->hosts_changed(1);
  curl_multi_setopt(chosen->multi, CURLMOPT_MAXCONNECTS, driver->connection_limit(*chosen));
  return *chosen;
}

// Nothing that is only connected stays in libcurl's cache, so any shard will do.
Shard& CurlPool::shard_for_connecting() {
  return shards_.empty() ? add_shard() : *shards_.front();
}

Shard& CurlPool::add_shard() {
  auto shard = std::make_unique<Shard>();
  shard->pool = this;
  shard->multi = driver->open_multi(*shard);
  driver->schedule_sweep();
  return *shards_.emplace_back(std::move(shard));
}

void CurlPool::set_connection_limits() {
  for (const auto& shard : shards_) {
    curl_multi_setopt(shard->multi, CURLMOPT_MAXCONNECTS, driver->connection_limit(*shard));
  }
}

// Forgets hosts that nobody asked for some minutes. Their connections in a shard that is still used are closed by
// libcurl at the next request there; a shard without hosts and requests is closed whole.
void CurlPool::sweep(TimePoint now) {
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
  if (gone > 0) driver->hosts_changed(-gone);
}

std::unique_ptr<CurlSlot> CurlPool::take_slot() {
  if (idle_slots_.empty()) return std::make_unique<CurlSlot>(settings_, *this);
  auto slot = std::move(idle_slots_.back());
  idle_slots_.pop_back();
  return slot;
}

void CurlPool::give_back(std::unique_ptr<CurlSlot> slot) {
  if (idle_slots_.size() < kIdleSlots) idle_slots_.push_back(std::move(slot));
}

void CurlPool::socket_opened(int fd) {
  driver->record_of(fd) = SocketRecord{.opener = this};
}

bool CurlPool::socket_closing(int fd) {
  // The kernel takes a closed descriptor out of the epoll set.
  const SocketRecord record = std::exchange(driver->record_of(fd), SocketRecord{});
  if (record.taken_over) return false;
  if (record.connected) metrics.closed();
  return true;
}

void CurlPool::mark_connected(SocketRecord& record) const {
  if (std::exchange(record.connected, true)) return;
  metrics.attempt();
  metrics.established();
}

}  // namespace

std::shared_ptr<CurlDriver> CurlDriver::create(async::Loop& loop, std::uint64_t connection_budget) {
  return std::make_shared<DriverImpl>(loop, connection_budget);
}

}  // namespace invar::http
