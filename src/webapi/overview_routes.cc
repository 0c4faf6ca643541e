#include "webapi/overview_routes.h"

#include <cmath>
#include <deque>
#include <map>
#include <set>

#include "base/strings.h"
#include "webapi/params.h"

namespace invar::webapi {
namespace {

using component::ComponentView;

void write_ledger(json::Writer& out, const LedgerKey& key, const LedgerCounts& row) {
  out.begin_object().field("component", key.component).field("destination", key.destination);
  if (!key.type.empty()) out.field("type", key.type);
  out.field("taken", row.taken)
      .field("sent", row.sent)
      .field("queued", row.queued)
      .field("refused", row.refused);
  out.field("expired", row.expired).field("dropped", row.dropped).end_object();
}

// The components with a ledger that profiles of `from` come to, by whole ids.
std::vector<std::string> reached(const std::map<std::string, const ComponentView*>& views,
                                 const std::string& from) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  std::deque<std::string> next = {from};
  while (!next.empty()) {
    const auto found = views.find(next.front());
    next.pop_front();
    if (found == views.end()) continue;
    const ComponentView& view = *found->second;
    if (!view.ledgers.empty()) out.push_back(view.id());
    for (const std::string& local : view.data_flow_edges_to) {
      std::string id = view.module_id.empty() ? local : view.module_id + "/" + local;
      if (seen.insert(id).second) next.push_back(std::move(id));
    }
  }
  return out;
}

}  // namespace

void OverviewRoutes::add_to(Routes& routes) {
  routes.get("verdict", [this](const auto& request, const auto& responder) {
    with_verdict(
        [this, request, responder](std::string text) { replies_.send(request, responder, std::move(text)); });
  });
  routes.get("problems", [this](const auto& request, const auto& responder) {
    Params params(request, host_.loop->unix_ns());
    const std::size_t limit = params.limit();
    if (params.error()) return responder->send(error_response(*params.error()));
    with_problems(limit, [this, request, responder](std::string text) {
      replies_.send(request, responder, std::move(text));
    });
  });
  routes.get("history", [this](const auto& request, const auto& responder) { history(request, responder); });
  routes.get("ledger", [this](const auto& request, const auto& responder) {
    Params params(request, host_.loop->unix_ns());
    const auto from = params.time("from");
    if (params.error()) return responder->send(error_response(*params.error()));
    const LedgerShot start{.at_unix_ns = host_.started_unix_ns, .passed = {}, .rows = {}};
    replies_.send(request, responder, ledger_json(from ? shots_.at(*from) : start));
  });
}

void OverviewRoutes::with_verdict(Then then) {
  store_.with(alive_.bind([this, then = std::move(then)](const CollectedPtr& collected) {
    StateCounts counts{};
    for (const auto& row : collected->rows) ++counts[static_cast<std::size_t>(row.target.state)];
    then(verdict_json(counts, look_at(host_), host_));
  }));
}

void OverviewRoutes::with_problems(std::size_t limit, Then then) {
  store_.with(alive_.bind([this, limit, then = std::move(then)](const CollectedPtr& collected) {
    host_.pool->run(
        [collected, limit, around = look_at(host_)] {
          return problems_json(all_causes(make_view(collected, query_of_causes()), around), limit);
        },
        then);
  }));
}

void OverviewRoutes::history(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  const UnixNanos now = host_.loop->unix_ns();
  Params params(request, now);
  std::vector<std::size_t> wanted;
  const std::string names = params.text_or("series", "");
  if (names.empty()) {
    for (std::size_t i = 0; i < kSeries.size(); ++i) wanted.push_back(i);
  } else {
    for (const std::string_view name : split(names, ',')) {
      const auto series = series_named(name);
      if (series) {
        wanted.push_back(*series);
      } else {
        params.fail("series", "there is no series " + quote(name));
      }
    }
  }
  constexpr UnixNanos kHour = 3'600'000'000'000;
  const UnixNanos from = params.time("from").value_or(now - kHour), to = params.time("to").value_or(now);
  if (!params.error() && from > to) params.fail("from", "from is later than to");
  if (wanted.size() > 4 * kSeries.size()) params.fail("series", "these are too many series");
  if (params.error()) return responder->send(error_response(*params.error()));
  const History& history = history_.history();
  const History::Range range = history.range(from, to, now);
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .field("start", range.start_s * 1000)
      .field("step", range.step_s)
      .key("series")
      .begin_array();
  for (const std::size_t series : wanted) {
    out.begin_object().field("name", kSeries[series].name).field("unit", kSeries[series].unit);
    out.key("values").list(history.values(series, range)).end_object();
  }
  out.end_array().key("marks").begin_array();
  for (const History::Mark& mark : history.marks(range))
    out.begin_object().field("at", mark.second * 1000).field("kind", to_string(mark.kind)).end_object();
  out.end_array().end_object();
  replies_.send(request, responder, std::move(text));
}

std::string OverviewRoutes::counters_json() const {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("values").begin_object();
  if (const Reading* latest = history_.history().latest()) {
    for (std::size_t i = 0; i < kSeries.size(); ++i) out.field(kSeries[i].name, (*latest)[i]);
  }
  out.end_object().end_object();
  return text;
}

std::string OverviewRoutes::ledger_json(const LedgerShot& then) const {
  const LedgerShot shot = since(shot_of(host_), then);
  const std::vector<ComponentView> all = host_.components->list_all();
  std::map<std::string, const ComponentView*> views;
  for (const ComponentView& view : all) views[view.id()] = &view;
  std::string text;
  json::Writer out(text);
  out.begin_object().field("since", to_ms(shot.at_unix_ns)).key("sources").begin_array();
  for (const auto& [id, view] : views) {
    const auto running = host_.components->running(id);
    if (!running || running->registration->exports != nullptr || view->data_flow_edges_to.empty()) continue;
    out.begin_object().field("component", id).field("taken", shot.passed.at(id));
    out.key("destinations").list(reached(views, id)).end_object();
  }
  std::map<LedgerKey, LedgerCounts> destinations;
  for (const auto& [id, view] : views)
    for (const auto& ledger : view->ledgers) destinations[{id, ledger.destination, ""}];
  for (const auto& [key, row] : shot.rows) destinations[{key.component, key.destination, ""}] += row;
  out.end_array().key("destinations").begin_array();
  for (const auto& [key, row] : destinations) write_ledger(out, key, row);
  out.end_array().key("types").begin_array();
  for (const auto& [key, row] : shot.rows) write_ledger(out, key, row);
  out.end_array().end_object();
  return text;
}

}  // namespace invar::webapi
