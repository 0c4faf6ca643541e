#include "services/debug_streams.h"

#include <fmt/format.h>

#include <utility>

#include "base/strings.h"

namespace invar::services {

bool can_be_watched(std::string_view component_name) {
  return component_name.starts_with("discovery.") || component_name.starts_with("pyroscope.");
}

std::string debug_text(const pipeline::Shown& shown) {
  if (shown.profile == nullptr) return std::string(shown.text);
  const pipeline::Profile& profile = *shown.profile;
  return fmt::format("{} type={} size={} destination={} outcome={}", profile.labels.to_string(),
                     profile.type(), profile.body ? profile.body->size() : 0, quote(shown.destination),
                     quote(shown.outcome));
}

DebugStreams::DebugStreams(async::Loop& loop, log::Logger logger)
    : loop_(loop), logger_(std::move(logger)), timer_(loop) {}

void DebugStreams::enable(bool enabled) {
  enabled_ = enabled;
  if (enabled) return;
  for (auto& [number, stream] : std::exchange(streams_, {})) stream.responder->finish();
  timer_.cancel();
}

void DebugStreams::add_to(Router& router, const std::string& prefix,
                          const component::ComponentDirectory& components) {
  const std::string base = prefix + "api/v0/web/debug/";
  router.add(base, {"GET"},
             [this, &components, skip = base.size()](const http::ServerRequest& request,
                                                     const http::ResponderPtr& responder) {
               open(request, responder, components, request.path.substr(skip));
             });
}

void DebugStreams::open(const http::ServerRequest& request, const http::ResponderPtr& responder,
                        const component::ComponentDirectory& components, const std::string& id) {
  if (!enabled_)
    return responder->send(http::text_response(500,
                                               "the live debugging service is disabled. Check the "
                                               "documentation to find out how to enable it"));
  const auto view = components.details(id);
  if (!view) return responder->send(http::text_response(500, "component not found"));
  const auto running = components.running(id);
  if (!running || !can_be_watched(view->name))
    return responder->send(http::text_response(
        500, fmt::format("the component {} does not support live debugging", quote(view->name))));
  double share = 1;
  if (const auto written = request.query_value("sampleProb")) {
    const auto number = parse_double(*written);
    if (!number || !(*number >= 0 && *number <= 1))
      return responder->send(http::text_response(400, "sampleProb must be a number from 0 to 1"));
    share = *number;
  }
  if (streams_.size() >= kMostStreams)
    return responder->send(http::text_response(503, "too many streams are open"));

  http::ServerResponse head = http::text_response(200, "");
  head.body.clear();
  head.headers.set("Cache-Control", "no-store");
  head.headers.set("X-Accel-Buffering", "no");  // nginx would keep it back
  responder->start(std::move(head));
  const std::uint64_t number = ++last_stream_;
  responder->on_change(alive_.bind([this, number](http::Responder::Change change) {
    if (change == http::Responder::Change::kGone) streams_.erase(number);
  }));
  Stream& stream = streams_[number];
  stream.id = id;
  stream.responder = responder;
  stream.share = share;
  stream.watch = running->tap.watch(alive_.bind([this, number](const pipeline::Shown& shown) {
    if (const auto found = streams_.find(number); found != streams_.end()) show(found->second, shown);
  }));
  if (!timer_.armed()) timer_.arm_after(kFlush, [this] { flush(); });
}

void DebugStreams::show(Stream& stream, const pipeline::Shown& shown) {
  if (stream.share < 1 && std::uniform_real_distribution<>()(random_) >= stream.share) return;
  if (stream.waiting.size() < kMostWaiting) return stream.waiting.push_back(debug_text(shown));
  if (!std::exchange(stream.lost, true))
    logger_.warn("a debug stream does not keep up; it misses some of what passes",
                 {{"component", stream.id}});
}

void DebugStreams::flush() {
  for (auto& [number, stream] : streams_) {
    if (stream.waiting.empty() || stream.responder->backlog_bytes() > kMostBacklog) continue;
    std::string text;
    for (const std::string& item : std::exchange(stream.waiting, {})) text.append(item).append("|;|");
    stream.responder->write(std::move(text));
  }
  if (!streams_.empty()) timer_.arm_after(kFlush, [this] { flush(); });
}

}  // namespace invar::services
