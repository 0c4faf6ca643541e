#include "webapi/event_hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace invar::webapi {

http::ServerResponse stream_head() {
  http::ServerResponse head;
  head.headers.set("Content-Type", "text/event-stream");
  head.headers.set("Cache-Control", "no-store");
  head.headers.set("X-Content-Type-Options", "nosniff");
  head.headers.set("X-Accel-Buffering", "no");  // nginx would keep it back
  return head;
}

std::string event_text(std::string_view name, std::string_view id, std::string_view data) {
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", name, id, data);
}

ApiError too_many_streams() {
  return {.status = 503,
          .code = "busy",
          .text = "too many streams are open",
          .hint = "Close other pages of Invar."};
}

void EventHub::add_to(Routes& routes) {
  routes.get("events", [this](const auto& request, const auto& responder) { open(request, responder); });
}

void EventHub::open(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  Client client{.responder = responder, .has = {}, .wrote = host_.loop->now()};
  std::vector<std::pair<std::string, Maker>> fresh;
  const std::string names = request.query_value("topics").value_or("");
  for (const std::string_view name : split(names, ',')) {
    if (client.has.size() >= kMostOfOne)
      return responder->send(
          error_response(bad_request("topics", fmt::format("these are more than {} topics", kMostOfOne))));
    if (!topics_.contains(name)) {
      Maker maker = maker_of(name);
      if (!maker)
        return responder->send(error_response(bad_request("topics", "there is no topic " + quote(name))));
      fresh.emplace_back(name, std::move(maker));
    }
    client.has[std::string(name)] = 0;
  }
  if (clients_.size() >= kMostClients) return responder->send(error_response(too_many_streams()));
  for (auto& [name, maker] : fresh) add_topic(std::move(name), std::move(maker));
  responder->start(stream_head());
  responder->write(": hello\n\n");
  const std::uint64_t id = ++last_client_;
  responder->on_change(alive_.bind([this, id](http::Responder::Change change) {
    if (change == http::Responder::Change::kGone) return drop(id);
    if (const auto found = clients_.find(id); found != clients_.end()) send_to(found->second);
  }));
  // What is known may be old: nobody listened.
  for (const auto& [name, revision] : client.has) {
    if (!wanted(name)) topics_[name].last.clear();
  }
  send_to(clients_[id] = std::move(client));
  tick();
}

EventHub::Maker EventHub::maker_of(std::string_view name) const {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return nullptr;
  const auto family = families_.find(name.substr(0, colon));
  return family == families_.end() ? nullptr : family->second(std::string(name.substr(colon + 1)));
}

bool EventHub::wanted(const std::string& name) const {
  return std::ranges::any_of(clients_, [&](const auto& client) { return client.second.has.contains(name); });
}

void EventHub::tick() {
  std::erase_if(topics_, [&](const auto& topic) {
    return topic.first.find(':') != std::string::npos && !topic.second.under_way && !wanted(topic.first);
  });
  for (auto& [name, topic] : topics_) {
    if (!wanted(name) || topic.under_way) continue;
    topic.under_way = true;
    topic.make(alive_.bind([this, name](std::string object) { made(name, std::move(object)); }));
  }
  std::vector<std::uint64_t> stuck;
  for (auto& [id, client] : clients_) {
    const bool behind = client.responder->backlog_bytes() > 0;
    const Duration quiet = host_.loop->now() - client.wrote;
    if (behind && quiet > 2 * kHeartbeat) {
      stuck.push_back(id);
    } else if (!behind && quiet >= kHeartbeat) {
      client.responder->write(": still here\n\n");
      client.wrote = host_.loop->now();
    }
  }
  for (const std::uint64_t id : stuck) drop(id);
  if (clients_.empty()) {
    timer_.cancel();
  } else {
    timer_.arm_after(kEvery, [this] { tick(); });
  }
}

void EventHub::made(const std::string& name, std::string object) {
  Topic& topic = topics_[name];  // stays while it is under way
  topic.under_way = false;
  if (object == topic.last) return;
  topic.last = std::move(object);
  ++topic.revision;
  for (auto& [id, client] : clients_) send_to(client);
}

void EventHub::send_to(Client& client) {
  if (client.responder->backlog_bytes() > 0) return;  // hears again when it is drained
  for (auto& [name, has] : client.has) {
    const Topic& topic = topics_[name];
    if (topic.last.empty() || has == topic.revision) continue;
    has = topic.revision;
    const bool empty = topic.last == "{}";
    client.responder->write(
        event_text(name, fmt::format("{}", topic.revision),
                   fmt::format("{{\"at\":{}{}{}", to_ms(host_.loop->unix_ns()), empty ? "" : ",",
                               std::string_view(topic.last).substr(1))));
    client.wrote = host_.loop->now();
  }
}

void EventHub::drop(std::uint64_t id) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  const http::ResponderPtr responder = std::move(found->second.responder);
  clients_.erase(found);
  responder->finish();
}

}  // namespace invar::webapi
