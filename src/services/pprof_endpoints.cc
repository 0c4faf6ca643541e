#include "services/pprof_endpoints.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/strings.h"
#include "selfprof/selfprof.h"

namespace invar::services {
namespace {

using selfprof::SelfProfiler;
using selfprof::Snapshot;

constexpr std::int64_t kDefaultSeconds = 30;
constexpr std::int64_t kMaxSeconds = 3600;

struct Kind {
  std::string_view name;
  Snapshot snapshot;
  std::string_view description;
};
constexpr std::array<Kind, 5> kKinds = {{
    {"allocs", Snapshot::kAllocs, "all memory ever allocated, by the stack that allocated it"},
    {"block", Snapshot::kBlock, "always empty: Invar measures no blocking"},
    {"goroutine", Snapshot::kGoroutine, "the stacks of all threads"},
    {"heap", Snapshot::kHeap, "memory in use, by the stack that allocated it"},
    {"mutex", Snapshot::kMutex, "always empty: Invar measures no contention"},
}};

std::string index_page() {
  std::string rows;
  for (const auto& kind : kKinds) {
    rows += fmt::format("<tr><td><a href=\"{0}\">{0}</a></td><td>{1}</td></tr>", kind.name, kind.description);
  }
  return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Profiles of "
         "Invar</title></head><body>"
         "<h1>Profiles of Invar</h1><table>" +
         rows +
         "<tr><td><a href=\"profile?seconds=10\">profile</a></td><td>where CPU time goes; "
         "<code>seconds</code> says for how long "
         "(default 30)</td></tr><tr><td><a href=\"cmdline\">cmdline</a></td><td>the command "
         "line</td></tr></table>"
         "<p>Open one with <code>go tool pprof URL</code>. <code>debug=1</code> shows text instead; with "
         "<code>seconds</code>, "
         "<code>heap</code> and <code>allocs</code> show what changes in that time.</p></body></html>\n";
}

// Go's servers answer with these headers; tools look at them.
http::ServerResponse profile_response(std::string body, std::string_view name) {
  http::ServerResponse response;
  response.headers.set("Content-Type", "application/octet-stream");
  response.headers.set("Content-Disposition", fmt::format("attachment; filename=\"{}\"", name));
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

class PprofHandler : public std::enable_shared_from_this<PprofHandler> {
 public:
  PprofHandler(async::Loop& loop, async::WorkerPool& pool) : loop_(loop), profiler_(loop, pool) {}

  void snapshot(const Kind& kind, const http::ServerRequest& request, const http::ResponderPtr& responder) {
    selfprof::SnapshotRequest wanted{.kind = kind.snapshot};
    const auto debug = request.query_value("debug");
    wanted.text = debug && parse_int(*debug).value_or(0) != 0;
    if (request.query_value("seconds")) {
      const auto seconds = seconds_of(request, responder);
      if (!seconds) return;
      if (wanted.text)
        return responder->send(http::text_response(400, "seconds and debug params are incompatible"));
      if (kind.snapshot == Snapshot::kGoroutine)
        return responder->send(http::text_response(400, "stacks of threads have no change over seconds"));
      wanted.over = std::chrono::seconds(*seconds);
    }
    profiler_.snapshot(wanted,
                       [responder, name = kind.name, text = wanted.text](Result<std::string> profile) {
                         if (!profile) {
                           const bool mistake = profile.error().code == ErrorCode::kUnsupported;
                           responder->send(http::text_response(mistake ? 400 : 500, profile.error().message));
                         } else {
                           responder->send(text ? http::text_response(200, trim_space(*profile))
                                                : profile_response(std::move(*profile), name));
                         }
                       });
  }

  void cpu(const http::ServerRequest& request, const http::ResponderPtr& responder) {
    const auto seconds = seconds_of(request, responder);
    if (!seconds) return;
    auto capture = profiler_.cpu(
        std::chrono::seconds(*seconds), [self = weak_from_this(), responder](Result<std::string> profile) {
          responder->send(profile ? profile_response(std::move(*profile), "profile")
                                  : http::text_response(500, profile.error().message));
          if (auto handler = self.lock()) handler->end();
        });
    if (!capture) {
      // The words of Go's servers, which collectors look for.
      responder->send(http::text_response(
          500,
          "Could not enable CPU profiling: cpu profiling already in use (" + capture.error().message + ")"));
      return;
    }
    capture_ = std::move(*capture);
    // A client that hung up must not keep the one CPU profiler busy.
    responder->on_change([self = weak_from_this(), capture = capture_.get()](http::Responder::Change change) {
      const auto handler = self.lock();
      if (change == http::Responder::Change::kGone && handler && handler->capture_.get() == capture)
        handler->end();
    });
  }

 private:
  // Of the query; answers what is no number of seconds.
  static std::optional<std::int64_t> seconds_of(const http::ServerRequest& request,
                                                const http::ResponderPtr& responder) {
    const auto text = request.query_value("seconds");
    const auto seconds = text ? parse_int(*text) : kDefaultSeconds;
    if (seconds && *seconds >= 1 && *seconds <= kMaxSeconds) return seconds;
    responder->send(
        http::text_response(400, fmt::format("seconds must be a whole number from 1 to {}", kMaxSeconds)));
    return std::nullopt;
  }

  void end() {
    // Not from inside the capture's own callback.
    loop_.post([capture = std::shared_ptr<SelfProfiler::Capture>(std::move(capture_))] {});
  }

  async::Loop& loop_;
  SelfProfiler profiler_;
  std::unique_ptr<SelfProfiler::Capture> capture_;
};

}  // namespace

void add_pprof_endpoints(Router& router, async::Loop& loop, async::WorkerPool& pool) {
  const std::string base = "/debug/pprof/";
  auto handler = std::make_shared<PprofHandler>(loop, pool);
  router.add_exact(base, {}, [](const auto&, const http::ResponderPtr& responder) {
    http::ServerResponse response;
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.body = index_page();
    responder->send(std::move(response));
  });
  router.add("/debug/pprof", {}, [base](const auto&, const http::ResponderPtr& responder) {
    auto response = http::text_response(301, "");
    response.headers.set("Location", base);
    responder->send(std::move(response));
  });
  for (const auto& kind : kKinds) {
    router.add(base + std::string(kind.name), {},
               [handler, &kind](const http::ServerRequest& request, const http::ResponderPtr& responder) {
                 handler->snapshot(kind, request, responder);
               });
  }
  router.add(base + "profile", {},
             [handler](const http::ServerRequest& request, const http::ResponderPtr& responder) {
               handler->cpu(request, responder);
             });
  router.add(base + "cmdline", {}, [](const auto&, const http::ResponderPtr& responder) {
    http::ServerResponse response;
    response.headers.set("Content-Type", "text/plain; charset=utf-8");
    response.body = selfprof::command_line();
    responder->send(std::move(response));
  });
}

}  // namespace invar::services
