// CPU per request of our client against a bare libcurl loop, in one run: GET and POST of 50 KB over loopback, keep-alive.
//   client_bench --benchmark_counters_tabular=true
// `cpu_us` is user + system time of this process per request; the server is a child process and does not count: a small
// epoll server for plain HTTP, nginx for TLS. Every host is a loopback address of its own.
#include <benchmark/benchmark.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/check.h"
#include "base/testing/own_process.h"
#include "fs/testing/temp_dir.h"
#include "http/client.h"
#include "http/file_limit.h"
#include "http/testing/bench_server.h"
#include "http/testing/certificates.h"
#include "http/testing/harness.h"
#include "http/testing/real_program.h"

namespace invar::http {
namespace {

constexpr std::size_t kBodyBytes = 50'000;
constexpr std::size_t kConcurrency = 64;
constexpr std::size_t kRequests = 20'000;

struct Plan {
  std::vector<std::string> urls;
  bool post = false;
};

// nginx with one TLS port on every loopback address.
class TlsServer {
 public:
  TlsServer() : port_(testing::free_port()) {
    const testing::Authority authority("Bench CA");
    const auto pair = authority.issue({"bench", {"bench.test"}, {}});
    dir_.write("cert", pair.certificate_pem);
    dir_.write("key", pair.key_pem);
    dir_.write("body", std::string(kBodyBytes, 'p'));
    dir_.write(
        "conf",
        fmt::format(
            R"(daemon off; master_process off; pid {0}/pid; error_log {0}/error.log; worker_rlimit_nofile 20000;
events {{ worker_connections 12000; }}
http {{ access_log off; ssl_certificate {0}/cert; ssl_certificate_key {0}/key; keepalive_requests 1000000000; keepalive_timeout 1h;
  client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3; uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;
  server {{ listen 0.0.0.0:{1} ssl backlog=8192; root {0}; }} }})",
            dir_.root(), port_));
    program_ = std::make_unique<testing::RealProgram>(
        std::vector<std::string>{"/usr/sbin/nginx", "-e", dir_.path("error.log"), "-p", dir_.root(), "-c",
                                 dir_.path("conf")},
        port_, dir_.path("out"));
  }
  [[nodiscard]] std::string url(std::size_t host) const {
    return fmt::format("https://127.0.{}.{}:{}/body", host / 250, host % 250 + 1, port_);
  }

 private:
  fs::testing::TempDir dir_;
  std::uint16_t port_;
  std::unique_ptr<testing::RealProgram> program_;
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
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(h, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
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
        client_(*transport_->make_client(careless(), "bench")),
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
  static ClientConfig careless() {
    ClientConfig config;
    config.tls.emplace();
    config.tls->insecure_skip_verify = true;
    config.enable_http2 = false;
    return config;
  }

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
void measure(benchmark::State& state, const Plan& plan) {
  const auto hosts = static_cast<double>(plan.urls.size());
  const double memory_before = invar::testing::resident_bytes();
  Loop loop(plan);
  loop.run(plan.urls.size());  // every connection stands
  double cpu = 0;
  for (auto _ : state) {
    const double before = invar::testing::cpu_seconds();
    loop.run(kRequests);
    const double used = invar::testing::cpu_seconds() - before;
    state.SetIterationTime(used);
    cpu += used;
  }
  state.counters["cpu_us"] = cpu / (static_cast<double>(state.iterations()) * kRequests) * 1e6;
  state.counters["KiB/conn"] = (invar::testing::resident_bytes() - memory_before) / 1024 / hosts;
}

template <class Server>
Plan plan_for(const Server& server, const benchmark::State& state, bool post) {
  raise_file_limit();
  Plan plan;
  plan.post = post;
  for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i)
    plan.urls.push_back(server.url(i));
  return plan;
}

template <class Loop>
void measure_plain(benchmark::State& state, bool post) {
  const testing::BenchServer server(kBodyBytes);
  measure<Loop>(state, plan_for(server, state, post));
}

template <class Loop>
void measure_tls(benchmark::State& state) {
  const TlsServer server;
  measure<Loop>(state, plan_for(server, state, false));
}

void BareGet(benchmark::State& state) {
  measure_plain<BareLoop>(state, false);
}
void OurGet(benchmark::State& state) {
  measure_plain<OurLoop>(state, false);
}
void BarePost(benchmark::State& state) {
  measure_plain<BareLoop>(state, true);
}
void OurPost(benchmark::State& state) {
  measure_plain<OurLoop>(state, true);
}
void BareTlsGet(benchmark::State& state) {
  measure_tls<BareLoop>(state);
}
void OurTlsGet(benchmark::State& state) {
  measure_tls<OurLoop>(state);
}

#define INVAR_CLIENT_BENCH(name)                                                         \
  BENCHMARK(name)->Arg(300)->Arg(1000)->Arg(5000)->Iterations(3)->UseManualTime()->Unit( \
      benchmark::kMillisecond)
INVAR_CLIENT_BENCH(BareGet);
INVAR_CLIENT_BENCH(OurGet)->Arg(10000);
INVAR_CLIENT_BENCH(BarePost);
INVAR_CLIENT_BENCH(OurPost);
INVAR_CLIENT_BENCH(BareTlsGet);
INVAR_CLIENT_BENCH(OurTlsGet);

}  // namespace
}  // namespace invar::http

BENCHMARK_MAIN();
