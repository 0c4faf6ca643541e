#include "webapi/live_routes.h"

#include <fmt/format.h>

#include <utility>

#include "base/strings.h"
#include "json/writer.h"
#include "webapi/event_hub.h"
#include "webapi/target_view.h"

namespace invar::webapi {
namespace {

std::string item_json(const pipeline::Shown& shown, UnixNanos now) {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("at", to_ms(now)).field("kind", shown.kind);
  if (shown.profile != nullptr) {
    const std::size_t bytes = shown.profile->body ? shown.profile->body->size() : 0;
    out.field("text", fmt::format("{} of {}", human_bytes(bytes), shown.profile->labels.to_string()))
        .key("labels");
    write_labels(out, shown.profile->labels, true);
    out.field("type", shown.profile->type()).field("bytes", bytes);
    out.field("destination", shown.destination).field("outcome", shown.outcome);
  } else {
    out.field("text", shown.text);
  }
  out.end_object();
  return text;
}

}  // namespace

void LiveRoutes::add_to(Routes& routes) {
  routes.get_below("live/", [this](const auto& request, const auto& responder, std::string_view tail) {
    open(request, responder, std::string(tail));
  });
}

void LiveRoutes::open(const http::ServerRequest& request, const http::ResponderPtr& responder,
                      const std::string& id) {
  const auto running = host_.components->running(id);
  if (!running)
    return responder->send(error_response(not_found(fmt::format("there is no component {}", quote(id)))));
  double share = 1;
  if (const auto written = request.query_value("sample")) {
    const auto number = parse_double(*written);
    if (!number || *number < 0.001 || *number > 1)
      return responder->send(
          error_response(bad_request("sample", "sample must be a number from 0.001 to 1")));
    share = *number;
  }
  if (clients_.size() >= kMostClients) return responder->send(error_response(too_many_streams()));
  const std::uint64_t number = ++last_client_;
  responder->start(stream_head());
  responder->write(": hello\n\n");
  responder->on_change(alive_.bind([this, number](http::Responder::Change change) {
    if (change == http::Responder::Change::kGone) clients_.erase(number);
  }));
  Client& client = clients_[number];
  client.responder = responder;
  client.share = share;
  client.wrote = host_.loop->now();
  client.watch = running->tap.watch(alive_.bind([this, number](const pipeline::Shown& shown) {
    if (const auto found = clients_.find(number); found != clients_.end()) show(found->second, shown);
  }));
  if (!timer_.armed()) tick();
}

void LiveRoutes::show(Client& client, const pipeline::Shown& shown) {
  if (client.share < 1 && std::uniform_real_distribution<>()(random_) >= client.share) {
    ++client.sampled;
    return;
  }
  if (client.responder->backlog_bytes() > kMostBacklog) {
    ++client.lost;
    return;
  }
  client.responder->write(
      event_text("item", fmt::format("{}", ++client.number), item_json(shown, host_.loop->unix_ns())));
  client.wrote = host_.loop->now();
}

void LiveRoutes::tick() {
  for (auto& [number, client] : clients_) {
    if (client.responder->backlog_bytes() > kMostBacklog) continue;
    const bool quiet = host_.loop->now() - client.wrote >= EventHub::kHeartbeat;
    if (client.sampled + client.lost > 0) {
      client.responder->write(
          event_text("dropped", fmt::format("{}", ++client.number),
                     fmt::format("{{\"sampled\":{},\"lost\":{}}}", std::exchange(client.sampled, 0),
                                 std::exchange(client.lost, 0))));
    } else if (quiet) {
      client.responder->write(": still here\n\n");
    } else {
      continue;
    }
    client.wrote = host_.loop->now();
  }
  if (clients_.empty()) return timer_.cancel();
  timer_.arm_after(std::chrono::seconds(1), [this] { tick(); });
}

}  // namespace invar::webapi
