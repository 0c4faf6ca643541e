// The reference line of bench/end_to_end.py: the least that a collector has to do. libcurl GETs each profile, DeltaEngine
// turns the cumulative ones into deltas, libcurl POSTs what came out. One thread; no labels, no checks of what is no delta,
// no queue, no metrics. Profiles are due evenly over the interval, or one after another with interval 0.
// Usage: bare_agent SINK INTERVAL_SECONDS ROUNDS TARGET...
// Prints "PROFILES CPU_US DELTA_US": profiles pushed, CPU per profile, and the part of it that deltas took. The first round
// (baselines) is not counted.
#include <curl/curl.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "pprof/delta.h"

namespace {

using Clock = std::chrono::steady_clock;
using invar::pprof::DeltaEngine;
using invar::pprof::DeltaStatePtr;

struct Type {
  const char* path;
  const char* delta_name;  // null: passes through
};
constexpr Type kTypes[] = {{"/heap", "memory"},
                           {"/block", "block"},
                           {"/goroutine", nullptr},
                           {"/mutex", "mutex"},
                           {"/cpu", nullptr}};
constexpr std::size_t kInFlight = 32;

struct Exchange {
  CURL* easy = nullptr;
  std::string body;
  std::size_t job = 0;
  bool posting = false;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* into) {
  if (into != nullptr) static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

double cpu_us(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

class BareAgent {
 public:
  BareAgent(std::string sink, double interval_seconds, std::vector<std::string> targets)
      : sink_("http://" + sink + "/push.v1.PusherService/Push"),
        interval_(interval_seconds),
        targets_(std::move(targets)),
        states_(targets_.size() * std::size(kTypes)),
        multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(targets_.size() + kInFlight));
    headers_ = curl_slist_append(nullptr, "Content-Type: application/proto");
    headers_ = curl_slist_append(headers_, "Expect:");
    exchanges_.resize(interval_ > 0 ? 4 * kInFlight : kInFlight);
    for (auto& exchange : exchanges_) {
      exchange.easy = curl_easy_init();
      free_.push_back(&exchange);
    }
  }

  // Takes every profile once and returns when all are pushed. False: something failed.
  bool round() {
    const auto begun = Clock::now();
    const std::size_t jobs = states_.size();
    std::size_t next = 0;
    done_ = 0;
    while (done_ < jobs) {
      const std::chrono::duration<double> passed = Clock::now() - begun;
      const std::size_t due =
          interval_ > 0
              ? std::min<std::size_t>(
                    jobs,
                    static_cast<std::size_t>(passed.count() / interval_ * static_cast<double>(jobs)) + 1)
              : jobs;
      while (next < due && !free_.empty()) get(next++);
      int running = 0, left = 0;
      curl_multi_perform(multi_, &running);
      while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE && !finish(*message)) return false;
      }
      // Until a socket is ready or the next profile is due.
      const double until_due = (static_cast<double>(next) / static_cast<double>(jobs)) * interval_ -
                               std::chrono::duration<double>(Clock::now() - begun).count();
      const bool waiting = interval_ > 0 && next < jobs && !free_.empty();
      curl_multi_poll(multi_, nullptr, 0, waiting ? std::max(1, static_cast<int>(until_due * 1e3) + 1) : 100,
                      nullptr);
    }
    return true;
  }

  double delta_us() const { return delta_us_; }
  std::size_t jobs() const { return states_.size(); }

 private:
  void prepare(Exchange& exchange, const std::string& url) {
    curl_easy_reset(exchange.easy);
    curl_easy_setopt(exchange.easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(exchange.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(exchange.easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(exchange.easy, CURLOPT_PRIVATE, &exchange);
    curl_easy_setopt(exchange.easy, CURLOPT_WRITEFUNCTION, take);
  }

  void get(std::size_t job) {
    Exchange& exchange = *free_.back();
    free_.pop_back();
    exchange.job = job;
    exchange.posting = false;
    exchange.body.clear();
    // Type by type over the targets, so that the next job is of another target.
    prepare(exchange, "http://" + targets_[job % targets_.size()] + kTypes[job / targets_.size()].path);
    curl_easy_setopt(exchange.easy, CURLOPT_WRITEDATA, &exchange.body);
    curl_multi_add_handle(multi_, exchange.easy);
  }

  void post(Exchange& exchange) {
    exchange.posting = true;
    prepare(exchange, sink_);
    curl_easy_setopt(exchange.easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(exchange.easy, CURLOPT_POSTFIELDS, exchange.body.data());
    curl_easy_setopt(exchange.easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(exchange.body.size()));
    curl_easy_setopt(exchange.easy, CURLOPT_WRITEDATA, nullptr);
    curl_multi_add_handle(multi_, exchange.easy);
  }

  bool finish(const CURLMsg& message) {
    Exchange* exchange = nullptr;
    curl_easy_getinfo(message.easy_handle, CURLINFO_PRIVATE, &exchange);
    if (message.data.result != CURLE_OK) {
      std::fprintf(stderr, "%s\n", curl_easy_strerror(message.data.result));
      return false;
    }
    curl_multi_remove_handle(multi_, exchange->easy);
    if (!exchange->posting && turn_into_delta(*exchange)) {
      post(*exchange);
      return true;
    }
    ++done_;
    free_.push_back(exchange);
    return true;
  }

  // False: there is nothing to push (the first profile, or one that is none).
  bool turn_into_delta(Exchange& exchange) {
    const char* const name = kTypes[exchange.job / targets_.size()].delta_name;
    if (name == nullptr) return true;
    const double before = cpu_us(CLOCK_THREAD_CPUTIME_ID);
    auto result = engine_.step(exchange.body, name, states_[exchange.job], 64 << 20);
    if (result) {
      states_[exchange.job] = result->next;
      exchange.body = std::move(result->body);
    } else {
      exchange.body.clear();
    }
    delta_us_ += cpu_us(CLOCK_THREAD_CPUTIME_ID) - before;
    return !exchange.body.empty();
  }

  const std::string sink_;
  const double interval_;
  const std::vector<std::string> targets_;
  std::vector<DeltaStatePtr> states_;
  DeltaEngine engine_;
  CURLM* multi_;
  curl_slist* headers_ = nullptr;
  std::vector<Exchange> exchanges_;
  std::vector<Exchange*> free_;
  std::size_t done_ = 0;
  double delta_us_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  curl_global_init(CURL_GLOBAL_ALL);
  BareAgent agent(argv[1], std::atof(argv[2]), {argv + 4, argv + argc});
  if (!agent.round()) return 1;
  const double cpu_before = cpu_us(CLOCK_PROCESS_CPUTIME_ID), delta_before = agent.delta_us();
  const int rounds = std::atoi(argv[3]);
  for (int i = 0; i < rounds; ++i) {
    if (!agent.round()) return 1;
  }
  const double profiles = static_cast<double>(agent.jobs()) * rounds;
  std::printf("%.0f %.1f %.1f\n", profiles, (cpu_us(CLOCK_PROCESS_CPUTIME_ID) - cpu_before) / profiles,
              (agent.delta_us() - delta_before) / profiles);
  return 0;
}
