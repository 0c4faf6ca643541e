#include "services/support_bundle.h"

#include <fmt/format.h>
#include <time.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "base/build_info.h"
#include "base/strings.h"
#include "services/web_api.h"
#include "services/zip_writer.h"

namespace invar::services {
namespace {

using selfprof::Snapshot;

constexpr std::int64_t kMaxSeconds = 30;
constexpr Duration kCpuHeadStart = std::chrono::milliseconds(200);  // the profile ends before the rest
constexpr std::size_t kMaxWaiting = 16;
constexpr std::size_t kMaxLogBytes = std::size_t{16} << 20;
constexpr std::string_view kFolder = "invar-support-bundle/";

constexpr std::array<const char*, 14> kEnvironment = {"AUTOMEMLIMIT",
                                                      "GODEBUG",
                                                      "GOGC",
                                                      "GOMAXPROCS",
                                                      "GOMEMLIMIT",
                                                      "HOSTNAME",
                                                      "HTTP_PROXY",
                                                      "http_proxy",
                                                      "HTTPS_PROXY",
                                                      "https_proxy",
                                                      "NO_PROXY",
                                                      "no_proxy",
                                                      "PPROF_BLOCK_PROFILING_RATE",
                                                      "PPROF_MUTEX_PROFILING_PERCENT"};

struct SnapshotKind {
  std::string_view name;
  Snapshot kind;
};
constexpr std::array<SnapshotKind, 2> kSnapshots = {
    {{"heap", Snapshot::kHeap}, {"goroutine", Snapshot::kGoroutine}}};

std::string metadata() {
  const auto& build = build_info();
  const auto platform = split(build.platform, '/');
  timespec up{};
  clock_gettime(CLOCK_BOOTTIME, &up);
  return fmt::format("build_version: {}\nos: {}\narchitecture: {}\nuptime: {}\n", build.version,
                     platform.front(), platform.back(), up.tv_sec);
}

std::string environment() {
  std::string out;
  for (const char* name : kEnvironment) {
    const char* value = std::getenv(name);
    std::string shown = value == nullptr ? "" : value;
    // A proxy may be written without a scheme, and then still have a password.
    const bool bare = shown.find("//") == std::string::npos;
    shown = without_url_passwords(bare ? "//" + shown : shown);
    out += fmt::format("{}={}\n", name, bare ? shown.substr(2) : shown);
  }
  return out;
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// The lines written since it was made. The sink calls from any thread.
class LogLines {
 public:
  explicit LogLines(std::shared_ptr<log::Sink> sink) : sink_(std::move(sink)) {
    sink_->set_tap([lines = lines_](std::string_view line) {
      const std::lock_guard lock(lines->mutex);
      if (lines->text.size() + line.size() <= kMaxLogBytes) {
        lines->text += line;
      } else {
        ++lines->lost;
      }
    });
  }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  ~LogLines() { sink_->set_tap(nullptr); }

  std::string take() {
    const std::lock_guard lock(lines_->mutex);
    std::string out = std::move(lines_->text);
    if (lines_->lost > 0) out += fmt::format("... {} more lines\n", lines_->lost);
    return out;
  }

 private:
  struct Lines {
    std::mutex mutex;  // guards the rest
    std::string text;
    std::uint64_t lost = 0;
  };
  std::shared_ptr<log::Sink> sink_;
  std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
};

struct Parts {
  std::vector<std::pair<std::string, std::string>> files;  // name below the folder, content
  std::vector<ConfigText> sources;
  SchemaOf schema_of;
  UnixNanos now_unix_ns = 0;

  void add(std::string name, std::string content) { files.emplace_back(std::move(name), std::move(content)); }
  void add_profile(std::string_view name, Result<std::string> profile) {
    if (profile) {
      add(fmt::format("pprof/{}.pprof", name), std::move(*profile));
    } else {
      add(fmt::format("pprof/{}-error.txt", name), profile.error().message + "\n");
    }
  }
};

Result<std::string> archive(const Parts& parts) {
  ZipWriter zip(parts.now_unix_ns);
  for (const auto& [name, content] : parts.files) INVAR_TRY(zip.add(std::string(kFolder) + name, content));
  for (const auto& source : parts.sources) {
    INVAR_TRY(zip.add(
        fmt::format("{}sources/{}", kFolder, source.entry.empty() ? base_name(source.path) : source.entry),
        redacted_source(source.path, source.text, parts.schema_of)));
  }
  return zip.finish();
}

ProfileSource real_profiles(async::Loop& loop, async::WorkerPool& pool) {
  auto profiler = std::make_shared<selfprof::SelfProfiler>(loop, pool);
  return {.cpu = [profiler](Duration duration,
                            ProfileSource::Done done) { return profiler->cpu(duration, std::move(done)); },
          .snapshot = [profiler](Snapshot kind,
                                 ProfileSource::Done done) { profiler->snapshot(kind, std::move(done)); }};
}

// One bundle under way. Destroying it ends it without an answer.
class Collection {
 public:
  using Done = std::move_only_function<void(Result<std::string>)>;

  Collection(async::Loop& loop, async::WorkerPool& pool, const SupportBundleHost& host, std::int64_t seconds,
             Done done)
      : loop_(loop),
        pool_(pool),
        host_(host),
        done_(std::move(done)),
        logs_(host.sink),
        profiles_(host.profiles ? host.profiles() : real_profiles(loop, pool)),
        period_(loop) {
    parts_.add("invar-metadata.yaml", metadata());
    parts_.add("invar-components.json", components_json(*host.components, ""));
    parts_.add("invar-peers.json", host.peers_json());
    parts_.add("invar-runtime-flags.txt", without_url_passwords(join(host.runtime_flags, "\n")) + "\n");
    parts_.add("invar-environment.txt", environment());
    parts_.add("invar-metrics-sample-start.txt", host.metrics());
    parts_.sources = host.sources();
    parts_.schema_of = host.schema_of;

    const Duration duration = std::chrono::seconds(seconds);
    period_.arm_after(duration, [this] { part_done(); });
    auto capture = profiles_.cpu(duration - kCpuHeadStart, alive_.bind([this](Result<std::string> profile) {
      parts_.add_profile("cpu", std::move(profile));
      part_done();
    }));
    if (capture) {
      capture_ = std::move(*capture);
    } else {
      parts_.add_profile("cpu", std::unexpected(capture.error()));
      part_done();
    }
  }

 private:
  void part_done() {
    if (--pending_ > 0) return;
    parts_.add("invar-metrics-sample-end.txt", host_.metrics());
    take_snapshot(0);
  }

  void take_snapshot(std::size_t index) {
    if (index == kSnapshots.size()) {
      pack();
      return;
    }
    profiles_.snapshot(kSnapshots[index].kind, alive_.bind([this, index](Result<std::string> profile) {
      parts_.add_profile(kSnapshots[index].name, std::move(profile));
      take_snapshot(index + 1);
    }));
  }

  void pack() {
    parts_.add("invar-logs.txt", logs_.take());
    parts_.now_unix_ns = loop_.unix_ns();
    pool_.run([parts = std::move(parts_)] { return archive(parts); },
              alive_.bind([this](Result<std::string> zip) { done_(std::move(zip)); }));
  }

  async::Loop& loop_;
  async::WorkerPool& pool_;
  const SupportBundleHost& host_;
  Done done_;
  LogLines logs_;
  ProfileSource profiles_;
  Parts parts_;
  int pending_ = 2;  // the period and the CPU profile
  std::unique_ptr<ProfileSource::Capture> capture_;
  async::Timer period_;
  async::Alive alive_;
};

class SupportHandler {
 public:
  SupportHandler(async::Loop& loop, async::WorkerPool& pool, SupportBundleHost host)
      : loop_(loop), pool_(pool), host_(std::move(host)) {}

  void handle(const http::ServerRequest& request, const http::ResponderPtr& responder) {
    if (host_.disabled) {
      responder->send(
          http::text_response(403, "support bundles are disabled by --server.http.disable-support-bundle"));
      return;
    }
    const auto seconds = seconds_of(request);
    if (!seconds) {
      responder->send(http::text_response(400, seconds.error().message));
      return;
    }
    if (waiting_.size() == kMaxWaiting) {
      responder->send(http::text_response(503, "too many requests for support bundles are waiting"));
      return;
    }
    waiting_.push_back({responder, *seconds});
    responder->on_change(alive_.bind([this, who = std::weak_ptr(responder)](http::Responder::Change change) {
      if (change == http::Responder::Change::kGone) forget(who.lock());
    }));
    start_next();
  }

 private:
  struct Waiting {
    http::ResponderPtr responder;
    std::int64_t seconds;
  };

  static Result<std::int64_t> seconds_of(const http::ServerRequest& request) {
    const std::string text = request.query_value("duration").value_or("");
    if (text.empty()) return kMaxSeconds;
    const auto seconds = parse_int(text);
    if (!seconds) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("duration value (in seconds) should be a positive integer: {} is not one",
                              quote(text)));
    }
    if (*seconds < 1)
      return fail(ErrorCode::kInvalidArgument, "duration value (in seconds) should be larger than 1");
    if (*seconds > kMaxSeconds)
      return fail(ErrorCode::kInvalidArgument, "duration value exceeds the server's write timeout");
    return *seconds;
  }

  void start_next() {
    while (!collection_ && !waiting_.empty()) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      responder_ = std::move(next.responder);
      collection_ = std::make_unique<Collection>(loop_, pool_, host_, next.seconds,
                                                 [this](Result<std::string> zip) { answer(std::move(zip)); });
    }
  }

  void answer(Result<std::string> zip) {
    if (!responder_) return;  // the client hung up at the last moment
    if (zip) {
      http::ServerResponse response;
      response.headers.set("Content-Type", "application/zip");
      response.headers.set("Content-Disposition", "attachment; filename=\"invar-support-bundle.zip\"");
      response.headers.set("X-Content-Type-Options", "nosniff");
      response.headers.set("Cache-Control", "no-store");
      response.body = std::move(*zip);
      responder_->send(std::move(response));
    } else {
      responder_->send(http::text_response(500, zip.error().message));
    }
    end();
  }

  // Its client hung up.
  void forget(const http::ResponderPtr& responder) {
    std::erase_if(waiting_, [&](const Waiting& other) { return other.responder == responder; });
    if (responder && responder == responder_) end();
  }

  void end() {
    responder_.reset();
    // Its own callback may be what runs now.
    loop_.post(alive_.bind([this] {
      collection_.reset();
      start_next();
    }));
  }

  async::Loop& loop_;
  async::WorkerPool& pool_;
  const SupportBundleHost host_;
  std::deque<Waiting> waiting_;
  http::ResponderPtr responder_;  // of collection_
  std::unique_ptr<Collection> collection_;
  async::Alive alive_;
};

}  // namespace

void add_support_bundle(Router& router, async::Loop& loop, async::WorkerPool& pool, SupportBundleHost host) {
  auto handler = std::make_shared<SupportHandler>(loop, pool, std::move(host));
  router.add("/-/support", {"GET"},
             [handler](const http::ServerRequest& request, const http::ResponderPtr& responder) {
               handler->handle(request, responder);
             });
}

}  // namespace invar::services
