// CPU per request of our client against a bare libcurl loop, in one run: GET and POST of 50 KB over loopback, keep-alive.
//   client_bench --benchmark_counters_tabular=true
// `cpu_us` is user + system time of this process per request; the server is a child process and does not count.
#include <benchmark/benchmark.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/check.h"
#include "http/client.h"
#include "http/file_limit.h"
#include "http/testing/bench_server.h"

namespace invar::http {
namespace {

constexpr std::size_t kBodyBytes = 50'000;
constexpr std::size_t kConcurrency = 64;
constexpr std::size_t kRequests = 20'000;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_kib() {
  long pages = 0;
  if (FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1024;
}

struct Plan {
  std::vector<std::string> urls;
  bool post = false;
};

// ---- the reference: libcurl with the settings that the measurements recommend, and nothing else
class BareLoop {
 public:
  explicit BareLoop(const Plan& plan) : plan_(plan), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    const std::size_t shards = (plan.urls.size() + 999) / 1000;
    for (std::size_t i = 0; i < shards; ++i) {
      auto& shard = *shards_.emplace_back(std::make_unique<Shard>());
      shard.loop = this;
      shard.multi = curl_multi_init();
      curl_multi_setopt(shard.multi, CURLMOPT_MAXCONNECTS, 2000L);
      curl_multi_setopt(shard.multi, CURLMOPT_SOCKETFUNCTION, &on_socket);
      curl_multi_setopt(shard.multi, CURLMOPT_SOCKETDATA, &shard);
      curl_multi_setopt(shard.multi, CURLMOPT_TIMERFUNCTION, &on_timer);
      curl_multi_setopt(shard.multi, CURLMOPT_TIMERDATA, &shard);
    }
    for (std::size_t i = 0; i < kConcurrency; ++i)
      easies_.push_back(std::make_unique<Easy>(Easy{curl_easy_init(), nullptr, {}}));
    body_.assign(kBodyBytes, 'q');
  }
  ~BareLoop() {
    for (auto& easy : easies_) curl_easy_cleanup(easy->handle);
    for (auto& shard : shards_) curl_multi_cleanup(shard->multi);
    close(epoll_);
  }

  void run(std::size_t requests) {
    std::size_t left = requests;
    std::size_t running = 0;
    for (auto& easy : easies_) {
      if (left == 0) break;
      begin(*easy);
      --left;
      ++running;
    }
    while (running > 0) {
      bool timers = false;
      for (auto& shard : shards_) {
        if (!std::exchange(shard->due, false)) continue;
        timers = true;
        int ignored = 0;
        curl_multi_socket_action(shard->multi, CURL_SOCKET_TIMEOUT, 0, &ignored);
      }
      epoll_event events[128];
      const int n = epoll_wait(epoll_, events, 128, timers ? 0 : 100);
      for (int i = 0; i < n; ++i) {
        const int fd = events[i].data.fd;
        Shard* shard = owners_[static_cast<std::size_t>(fd)];
        int ignored = 0;
        const int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                         (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
        if (shard) curl_multi_socket_action(shard->multi, fd, mask, &ignored);
      }
      for (auto& shard : shards_) {
        int ignored = 0;
        while (CURLMsg* message = curl_multi_info_read(shard->multi, &ignored)) {
          char* self = nullptr;
          curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
          auto& easy = *reinterpret_cast<Easy*>(self);
          INVAR_CHECK(message->data.result == CURLE_OK && easy.body.size() == kBodyBytes,
                      "a bare request failed");
          curl_multi_remove_handle(shard->multi, easy.handle);
          benchmark::DoNotOptimize(std::exchange(easy.body, {}));
          --running;
          if (left == 0) continue;
          --left;
          ++running;
          begin(easy);
        }
      }
    }
  }

 private:
  struct Shard {
    BareLoop* loop = nullptr;
    CURLM* multi = nullptr;
    bool due = false;
  };
  struct Easy {
    CURL* handle;
    Shard* shard;
    std::string body;
  };
  void begin(Easy& easy) {
    const std::size_t host = next_++ % plan_.urls.size();
    easy.shard = shards_[host % shards_.size()].get();
    CURL* h = easy.handle;
    curl_easy_reset(h);
    curl_easy_setopt(h, CURLOPT_URL, plan_.urls[host].c_str());
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, 10'000L);
    curl_easy_setopt(h, CURLOPT_PRIVATE, &easy);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &easy);
    curl_easy_setopt(
        h, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t size, std::size_t n, void* self) {
          static_cast<Easy*>(self)->body.append(data, size * n);
          return size * n;
        });
    if (plan_.post) {
      curl_easy_setopt(h, CURLOPT_POST, 1L);
      curl_easy_setopt(h, CURLOPT_POSTFIELDS, body_.data());
      curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
    }
    curl_multi_add_handle(easy.shard->multi, h);
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* data, void*) {
    auto* shard = static_cast<Shard*>(data);
    auto& owners = shard->loop->owners_;
    const auto index = static_cast<std::size_t>(fd);
    if (index >= owners.size()) owners.resize(index + 64);
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(shard->loop->epoll_, EPOLL_CTL_DEL, fd, nullptr);
      owners[index] = nullptr;
      return 0;
    }
    epoll_event event{};
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    event.data.fd = fd;
    const bool fresh = owners[index] == nullptr;
    owners[index] = shard;
    epoll_ctl(shard->loop->epoll_, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    return 0;
  }
  static int on_timer(CURLM*, long ms, void* shard) {
    static_cast<Shard*>(shard)->due = ms == 0;
    return 0;
  }

  const Plan& plan_;
  int epoll_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<Easy>> easies_;
  std::vector<Shard*> owners_ = std::vector<Shard*>(1024);
  std::string body_;
  std::size_t next_ = 0;
};

// ---- ours
class OurLoop {
 public:
  explicit OurLoop(const Plan& plan)
      : plan_(plan),
        loop_(async::RealLoop::create()),
        transport_(Transport::create(*loop_, fs::posix(), nullptr, {})),
        client_(*transport_->make_client({}, "bench")),
        body_(share(std::string(kBodyBytes, 'q'))),
        calls_(kConcurrency) {}
  ~OurLoop() {
    calls_.clear();
    client_.reset();
    transport_.reset();
  }

  void run(std::size_t requests) {
    left_ = requests;
    running_ = 0;
    for (std::size_t slot = 0; slot < kConcurrency && left_ > 0; ++slot) begin(slot);
    loop_->run();
  }

 private:
  void begin(std::size_t slot) {
    --left_;
    ++running_;
    Request request;
    request.url = plan_.urls[next_++ % plan_.urls.size()];
    request.headers = {{"User-Agent", "invar/bench"}};
    if (plan_.post) {
      request.method = "POST";
      request.headers.add("Content-Type", "application/proto");
      request.body = body_;
    }
    calls_[slot] = client_->send(std::move(request), [this, slot](std::expected<Response, Failure> r) {
      INVAR_CHECK(r && r->body.size() == kBodyBytes, r ? "short body" : r.error().message);
      --running_;
      if (left_ > 0) begin(slot);
      if (running_ == 0) loop_->stop();
    });
  }

  const Plan& plan_;
  std::unique_ptr<async::RealLoop> loop_;
  std::shared_ptr<Transport> transport_;
  std::unique_ptr<Client> client_;
  SharedBytes body_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::size_t left_ = 0;
  std::size_t running_ = 0;
  std::size_t next_ = 0;
};

template <class Loop>
void measure(benchmark::State& state, bool post) {
  raise_file_limit();
  testing::BenchServer server(kBodyBytes);
  Plan plan;
  plan.post = post;
  const auto hosts = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < hosts; ++i) plan.urls.push_back(server.url(i));
  const double memory_before = resident_kib();
  Loop loop(plan);
  loop.run(hosts);  // every connection stands
  double cpu = 0;
  for (auto _ : state) {
    const double before = cpu_seconds();
    loop.run(kRequests);
    const double used = cpu_seconds() - before;
    state.SetIterationTime(used);
    cpu += used;
  }
  const double n = static_cast<double>(state.iterations()) * kRequests;
  state.counters["cpu_us"] = cpu / n * 1e6;
  state.counters["KiB/conn"] = (resident_kib() - memory_before) / static_cast<double>(hosts);
}

void BareGet(benchmark::State& state) {
  measure<BareLoop>(state, false);
}
void OurGet(benchmark::State& state) {
  measure<OurLoop>(state, false);
}
void BarePost(benchmark::State& state) {
  measure<BareLoop>(state, true);
}
void OurPost(benchmark::State& state) {
  measure<OurLoop>(state, true);
}

#define INVAR_CLIENT_BENCH(name)                                                         \
  BENCHMARK(name)->Arg(300)->Arg(1000)->Arg(5000)->Iterations(3)->UseManualTime()->Unit( \
      benchmark::kMillisecond)
INVAR_CLIENT_BENCH(BareGet);
INVAR_CLIENT_BENCH(OurGet);
INVAR_CLIENT_BENCH(BarePost);
INVAR_CLIENT_BENCH(OurPost);

}  // namespace
}  // namespace invar::http

BENCHMARK_MAIN();
