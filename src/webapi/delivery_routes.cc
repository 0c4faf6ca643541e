#include "webapi/delivery_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/strings.h"
#include "codec/hash.h"
#include "component/answer_times.h"
#include "component/queue_ages.h"
#include "webapi/target_view.h"

namespace invar::webapi {
namespace {

std::string_view state_of(const component::OutletView& view, const pipeline::LedgerRow& ledger) {
  if (view.waits) return "failing";
  if (ledger.taken == 0) return "waiting";
  constexpr Duration kLate = std::chrono::minutes(1);
  return view.oldest.value_or(Duration::zero()) > kLate ? "late" : "ok";
}

void write_seconds(json::Writer& out, std::string_view name, const std::optional<Duration>& duration) {
  out.key(name);
  if (duration) {
    out.value(to_seconds(*duration));
  } else {
    out.null();
  }
}

void write(json::Writer& out, const NamedOutlet& outlet) {
  const auto& view = outlet.view;
  out.begin_object().field("id", outlet.id).field("component", outlet.component);
  out.field("kind", view.is_archive ? "archive" : "server").field("url", view.url).field("name", view.name);
  out.field("state", state_of(view, outlet.ledger))
      .field("text", view.state)
      .field("sent", outlet.ledger.sent);
  out.field("queued", view.queued)
      .field("queued_bytes", view.queued_bytes)
      .field("disk_bytes", view.disk_bytes);
  write_seconds(out, "oldest", view.oldest);
  write_seconds(out, "max_age", view.max_age);
  for (const auto& [name, share] : {std::pair("took_p50", 0.5), std::pair("took_p99", 0.99)})
    write_seconds(out, name,
                  outlet.answer_times != nullptr && !outlet.answer_times->empty()
                      ? std::optional(outlet.answer_times->at(share))
                      : std::nullopt);
  out.field("refused", outlet.ledger.refused)
      .field("expired", outlet.ledger.expired)
      .field("dropped", outlet.ledger.dropped);
  out.field("in_flight", view.in_flight)
      .field("in_flight_limit", view.in_flight_limit)
      .field("last_error", view.last_error);
  write_time(out, "last_error_at", view.last_error_unix_ns);
  out.end_object();
}

}  // namespace

std::vector<NamedOutlet> outlets_of(const component::ComponentDirectory& components) {
  std::vector<NamedOutlet> out;
  for (const auto& view : components.list_all()) {
    const std::string id = view.id();
    const auto running = components.running(id);
    if (!running || running->component == nullptr) continue;
    const auto* times = dynamic_cast<const component::AnswerTimes*>(running->component);
    for (auto& outlet : running->component->outlets()) {
      NamedOutlet named{
          .id = fmt::format("{:08x}@{}", static_cast<std::uint32_t>(codec::fnv1a(outlet.url)), id),
          .component = id};
      for (const auto& ledger : view.ledgers) {
        if (ledger.destination != outlet.url) continue;
        for (const auto& [type, row] : ledger.rows) {
          named.ledger.taken += row.taken;
          named.ledger.sent += row.sent;
          named.ledger.refused += row.refused;
          named.ledger.expired += row.expired;
          named.ledger.dropped += row.dropped;
        }
      }
      if (times != nullptr) named.answer_times = times->answer_times(outlet.url);
      named.view = std::move(outlet);
      out.push_back(std::move(named));
    }
  }
  return out;
}

DeliveryRoutes::DeliveryRoutes(const ApiHost& host, const Replies& replies)
    : host_(host), replies_(replies), timer_(*host.loop) {
  timer_.arm_after(kLookEvery, [this] { look(); });
}

// What an endpoint says stays with it until it is over; here it is remembered.
void DeliveryRoutes::look() {
  std::map<std::string, std::deque<Told>> told;
  for (const NamedOutlet& outlet : outlets_of(*host_.components)) {
    auto& list = told[outlet.id] = std::move(told_[outlet.id]);
    const std::string& text = outlet.view.last_error;
    if (text.empty()) continue;
    const UnixNanos at = outlet.view.last_error_unix_ns;
    const auto known = std::ranges::find(list, text, &Told::text);
    if (known == list.end()) {
      list.push_front({.text = text, .first_unix_ns = at, .last_unix_ns = at});
      if (list.size() > kMostErrors) list.pop_back();
    } else if (at > known->last_unix_ns) {
      Told again = std::move(*known);
      list.erase(known);
      ++again.count;
      again.last_unix_ns = at;
      list.push_front(std::move(again));
    }
  }
  told_ = std::move(told);
  timer_.arm_after(kLookEvery, [this] { look(); });
}

void DeliveryRoutes::add_to(Routes& routes) {
  routes.get("endpoints", [this](const auto& request, const auto& responder) {
    replies_.send(request, responder, endpoints_json());
  });
  routes.get("archives", [this](const auto& request, const auto& responder) {
    replies_.send(request, responder, archives_json());
  });
  routes.get_below("endpoints/", [this](const auto& request, const auto& responder, std::string_view tail) {
    for (const auto& [ending, answer] : {std::pair(std::string_view("/errors"), &DeliveryRoutes::errors),
                                         std::pair(std::string_view("/ages"), &DeliveryRoutes::ages)}) {
      if (tail.ends_with(ending))
        return (this->*answer)(request, responder, std::string(tail.substr(0, tail.size() - ending.size())));
    }
    replies_.send(request, responder, std::unexpected(not_found("the API has no such path")));
  });
}

std::string DeliveryRoutes::endpoints_json() const {
  const auto outlets = outlets_of(*host_.components);
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", outlets.size()).key("endpoints").begin_array();
  for (const NamedOutlet& outlet : outlets) write(out, outlet);
  out.end_array().end_object();
  return text;
}

std::string DeliveryRoutes::archives_json() const {
  std::string text;
  json::Writer out(text);
  auto outlets = outlets_of(*host_.components);
  std::erase_if(outlets, [](const NamedOutlet& outlet) { return !outlet.view.is_archive; });
  out.begin_object().field("total", outlets.size()).key("archives").begin_array();
  for (const NamedOutlet& outlet : outlets)
    out.begin_object()
        .field("id", outlet.component)
        .field("component", outlet.component)
        .field("path", outlet.view.url)
        .end_object();
  out.end_array().end_object();
  return text;
}

void DeliveryRoutes::errors(const http::ServerRequest& request, const http::ResponderPtr& responder,
                            const std::string& id) {
  const auto outlets = outlets_of(*host_.components);
  if (std::ranges::find(outlets, id, &NamedOutlet::id) == outlets.end())
    return replies_.send(request, responder, std::unexpected(not_found("there is no endpoint " + quote(id))));
  const auto& list = told_[id];
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", list.size()).key("errors").begin_array();
  for (const Told& told : list) {
    out.begin_object().field("text", told.text).field("count", told.count);
    out.field("first", to_ms(told.first_unix_ns)).field("last", to_ms(told.last_unix_ns)).end_object();
  }
  out.end_array().end_object();
  replies_.send(request, responder, std::move(text));
}

void DeliveryRoutes::ages(const http::ServerRequest& request, const http::ResponderPtr& responder,
                          const std::string& id) {
  const auto outlets = outlets_of(*host_.components);
  const auto outlet = std::ranges::find(outlets, id, &NamedOutlet::id);
  if (outlet == outlets.end())
    return replies_.send(request, responder, std::unexpected(not_found("there is no endpoint " + quote(id))));
  const auto running = host_.components->running(outlet->component);
  const auto* queues = running ? dynamic_cast<const component::QueueAges*>(running->component) : nullptr;
  const auto counts = queues != nullptr ? queues->queue_ages(outlet->view.url) : std::vector<std::uint64_t>();
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
  write_seconds(out, "max_age", outlet->view.max_age);
  out.key("ages").begin_array();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    out.begin_object().field("from", i == 0 ? 0 : to_seconds(component::kQueueAges[i - 1]));
    write_seconds(out, "to",
                  i < component::kQueueAges.size() ? std::optional(component::kQueueAges[i]) : std::nullopt);
    out.field("count", counts[i]).end_object();
  }
  out.end_array().end_object();
  replies_.send(request, responder, std::move(text));
}

}  // namespace invar::webapi
