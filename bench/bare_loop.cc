// The reference line of the macro benchmark: a bare libcurl multi loop that GETs a body from each target in turn and POSTs the
// same bytes to the sink. No labels, no checks; the settings are those of docs/benchmarks.md. A rate above 0 starts that many
// pairs a second, evenly, as a collector does; 0 keeps AT_ONCE pairs going: 1 is the plain loop, 32 the least that libcurl can cost.
// Usage: bare_loop SINK PATH COUNT RATE AT_ONCE TARGET...      prints CPU microseconds per GET + POST pair
#include <curl/curl.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

struct Pair {
  CURL* easy = nullptr;
  std::string body;
  bool posting = false;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) return 1;
  const std::string sink = std::string("http://") + argv[1] + "/push.v1.PusherService/Push";
  const std::string path = argv[2];
  const int total = std::atoi(argv[3]);
  const double rate = std::atof(argv[4]);
  const auto at_once = static_cast<std::size_t>(std::atoi(argv[5]));
  const std::vector<std::string> targets(argv + 6, argv + argc);

  curl_global_init(CURL_GLOBAL_ALL);
  CURLM* multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(targets.size() + 64));
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/proto");
  headers = curl_slist_append(headers, "Expect:");

  int started = 0;
  int finished = 0;
  auto begin = [&](Pair& pair, bool post) {
    curl_easy_reset(pair.easy);
    pair.posting = post;
    const std::string url =
        post ? sink : "http://" + targets[static_cast<std::size_t>(started) % targets.size()] + path;
    curl_easy_setopt(pair.easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(pair.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(pair.easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(pair.easy, CURLOPT_PRIVATE, &pair);
    static std::string ignored;
    ignored.clear();
    if (post) {
      curl_easy_setopt(pair.easy, CURLOPT_HTTPHEADER, headers);
      curl_easy_setopt(pair.easy, CURLOPT_POSTFIELDS, pair.body.data());
      curl_easy_setopt(pair.easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(pair.body.size()));
    } else {
      pair.body.clear();
      ++started;
    }
    curl_easy_setopt(pair.easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(pair.easy, CURLOPT_WRITEDATA, post ? &ignored : &pair.body);
    curl_multi_add_handle(multi, pair.easy);
  };

  std::vector<Pair> pairs(at_once);
  std::vector<Pair*> idle;
  for (auto& pair : pairs) {
    pair.easy = curl_easy_init();
    idle.push_back(&pair);
  }
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const double before = cpu_us();
  while (finished < total) {
    const std::chrono::duration<double> elapsed = Clock::now() - start;
    while (!idle.empty() && started < total && (rate == 0 || started <= elapsed.count() * rate)) {
      Pair* pair = idle.back();
      idle.pop_back();
      begin(*pair, false);
    }
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      if (message->data.result != CURLE_OK) {
        std::fprintf(stderr, "%s\n", curl_easy_strerror(message->data.result));
        return 1;
      }
      Pair* pair = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pair);
      curl_multi_remove_handle(multi, pair->easy);
      if (!pair->posting) {
        begin(*pair, true);
      } else {
        ++finished;
        idle.push_back(pair);
      }
    }
    // Wakes for the next start too, at the whole millisecond after it, which is what the wait offers.
    double until_next = 1000.0;
    if (!idle.empty() && started < total)
      until_next = rate == 0 ? 0.0 : 1000.0 * (started / rate) - 1000.0 * elapsed.count();
    if (finished < total)
      curl_multi_poll(multi, nullptr, 0, std::clamp(static_cast<int>(std::ceil(until_next)), 0, 1000),
                      nullptr);
  }
  std::printf("%.1f\n", (cpu_us() - before) / finished);
  return 0;
}
