#include "webapi/target_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "json/reader.h"
#include "webapi/params.h"
#include "webapi/rule_places.h"

namespace invar::webapi {
namespace {

using component::ScrapedTargets;
using component::TargetDetail;

// "ID@COMPONENT": ids hold no @, components may stand in modules.
std::optional<std::pair<std::string, std::string>> split_id(std::string_view id) {
  const auto at = id.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair(std::string(id.substr(0, at)), std::string(id.substr(at + 1)));
}

void write_step(json::Writer& out, const RuleStep& step, const RulePlaces& places) {
  out.begin_object().field("component", step.component).field("rule", step.rule).field("action", step.action);
  const auto rules = places.of(step.component);
  if (step.rule <= rules.size()) {
    out.field("file", rules[step.rule - 1].source->name).field("line", rules[step.rule - 1].line);
  }
  out.field("effect", step.dropped           ? "dropped"
                      : step.keeps           ? "kept"
                      : step.changes.empty() ? "unchanged"
                                             : "changed");
  out.key("changed").begin_array();
  for (const auto& change : step.changes)
    out.begin_object()
        .field("label", change.label)
        .field("before", change.before)
        .field("after", change.after)
        .end_object();
  out.end_array().end_object();
}

std::string detail_json(const TargetDetail& detail, const std::string& component, const LabelStory& story,
                        const RulePlaces& places) {
  Collected one{.components = {component}, .rows = {{detail.row, 0}}};
  std::string text;
  json::Writer out(text);
  out.begin_object().key("row");
  write_row(out, one, 0, "");
  out.field("url", detail.url).field("interval", to_seconds(detail.row.interval));
  write_time(out, "next", detail.next_unix_ns);
  out.key("labels");
  write_labels(out, detail.row.labels, true);
  out.key("discovered");
  write_labels(out, story.discovered, true);
  out.field("found_by", story.first).key("steps").begin_array();
  for (const RuleStep& step : story.steps) write_step(out, step, places);
  out.end_array().key("scrapes").begin_array();
  for (const auto& scrape : detail.scrapes) {
    out.begin_object().field("started", to_ms(scrape.started_unix_ns)).field("took", to_seconds(scrape.took));
    out.field("bytes", scrape.bytes).field("samples", scrape.samples).field("outcome", scrape.outcome);
    out.field("text", scrape.outcome == detail.row.cause ? detail.row.text : "").end_object();
  }
  out.end_array().key("answer");
  if (const auto& answer = detail.answer) {
    out.begin_object().field("at", to_ms(answer->at_unix_ns)).field("status", answer->status);
    out.field("type", answer->content_type).field("head", answer->head).end_object();
  } else {
    out.null();
  }
  out.end_object();
  return text;
}

struct Service {
  std::string name;
  std::uint64_t targets = 0, failing = 0;
  double bytes = 0, samples = 0;
};

std::vector<Service> services_of(const Collected& collected) {
  std::map<std::string_view, Service> by_name;
  for (const auto& [row, component] : collected.rows) {
    if (row.state == component::TargetState::kLeftOut) continue;
    Service& service = by_name[row.labels.get(kServiceName)];
    ++service.targets;
    if (row.state == component::TargetState::kFailing) {
      ++service.failing;
      continue;
    }
    const double seconds = to_seconds(row.interval);
    if (seconds <= 0) continue;
    service.bytes += static_cast<double>(row.bytes) / seconds;
    service.samples += static_cast<double>(row.samples) / seconds;
  }
  std::vector<Service> out;
  for (auto& [name, service] : by_name) {
    service.name = std::string(name);
    out.push_back(std::move(service));
  }
  return out;
}

std::string services_json(std::vector<Service> services, std::size_t sort, std::size_t limit) {
  const auto by = [&](auto member) {
    std::ranges::stable_sort(services,
                             [member](const Service& a, const Service& b) { return a.*member > b.*member; });
  };
  if (sort == 0) by(&Service::bytes);
  if (sort == 1) by(&Service::samples);
  if (sort == 2) by(&Service::targets);
  if (sort == 3) by(&Service::failing);
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", services.size()).key("services").begin_array();
  for (std::size_t i = 0; i < std::min(limit, services.size()); ++i) {
    const Service& service = services[i];
    out.begin_object()
        .field("service", service.name)
        .field("targets", service.targets)
        .field("failing", service.failing);
    out.field("bytes", service.bytes).field("samples", service.samples).end_object();
  }
  out.end_array().end_object();
  return text;
}

}  // namespace

void TargetRoutes::add_to(Routes& routes) {
  routes.get("targets", [this](const auto& request, const auto& responder) { list(request, responder); });
  routes.get("services",
             [this](const auto& request, const auto& responder) { services(request, responder); });
  routes.any_below("targets/", {"GET", "HEAD", "POST"},
                   [this](const auto& request, const auto& responder, std::string_view tail) {
                     constexpr std::string_view kScrape = "/scrape";
                     const bool scrapes = tail.ends_with(kScrape);
                     if (scrapes != (request.method == "POST")) {
                       auto response = http::text_response(405, "method not allowed");
                       response.headers.set("Allow", scrapes ? "POST" : "GET, HEAD");
                       return responder->send(std::move(response));
                     }
                     if (scrapes)
                       return scrape(request, responder, tail.substr(0, tail.size() - kScrape.size()));
                     detail(request, responder, tail);
                   });
}

void TargetRoutes::list(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  Params params(request, host_.loop->unix_ns());
  TargetQuery query;
  query.selector = params.selector("q");
  query.states = params.choices("state", kStateWords);
  query.component = params.text_or("component", "");
  query.by = static_cast<GroupBy>(params.choice("by", {"none", "cause", "service", "job", "component"}));
  const std::size_t sort =
      params.choice("sort", {"state", "-state", "target", "-target", "service", "-service", "type", "-type",
                             "last", "-last", "took", "-took", "bytes", "-bytes", "samples", "-samples"});
  query.sort = static_cast<SortBy>(sort / 2);
  query.descending = sort % 2 == 1;
  const auto snapshot = params.text("snapshot");
  const std::size_t offset = params.offset(), limit = params.limit();
  if (params.error()) return responder->send(error_response(*params.error()));
  forget_old();
  // `now`: what the view is compared with, if it is older.
  const auto show = [this, request, responder, offset, limit](const ViewPtr& view, std::string name,
                                                              const CollectedPtr& now) {
    replies_.make(request, responder, [view, name = std::move(name), now, offset, limit]() -> Made {
      const std::uint64_t changed =
          now == nullptr || now == view->base ? 0 : changed_since(*view, *now, offset, limit);
      return rows_json(*view, name, changed, offset, limit);
    });
  };
  if (snapshot && !snapshot->empty()) {
    const auto found = snapshots_.find(*snapshot);
    if (found == snapshots_.end())
      return responder->send(error_response({.status = 410,
                                             .code = "snapshot_gone",
                                             .text = "the order of these rows is not kept any more",
                                             .hint = "Ask again without snapshot.",
                                             .field = "snapshot"}));
    found->second.used = host_.loop->now();
    store_.with(alive_.bind([show, view = found->second.view, name = *snapshot](
                                const CollectedPtr& collected) { show(view, name, collected); }));
    return;
  }
  store_.with(alive_.bind([this, query = std::move(query), show](const CollectedPtr& collected) {
    host_.pool->run(
        [collected, query] { return std::make_shared<const TargetView>(make_view(collected, query)); },
        alive_.bind([this, show](const ViewPtr& view) { show(view, keep(view), nullptr); }));
  }));
}

std::string TargetRoutes::keep(ViewPtr view) {
  forget_old();
  if (snapshots_.size() >= kMostSnapshots)
    snapshots_.erase(
        std::ranges::min_element(snapshots_, {}, [](const auto& each) { return each.second.used; }));
  std::string name = fmt::format("{}-{:x}", ++last_snapshot_, host_.started_unix_ns);
  snapshots_[name] = {std::move(view), host_.loop->now()};
  return name;
}

void TargetRoutes::forget_old() {
  std::erase_if(snapshots_, [now = host_.loop->now()](const auto& each) {
    return now - each.second.used > kSnapshotLife;
  });
}

void TargetRoutes::services(const http::ServerRequest& request, const http::ResponderPtr& responder) {
  Params params(request, host_.loop->unix_ns());
  const std::size_t sort = params.choice("sort", {"-bytes", "-samples", "-targets", "-failing", "service"});
  const std::size_t limit = params.limit();
  if (params.error()) return responder->send(error_response(*params.error()));
  store_.with(alive_.bind([this, request, responder, sort, limit](const CollectedPtr& collected) {
    replies_.make(request, responder, [collected, sort, limit]() -> Made {
      return services_json(services_of(*collected), sort, limit);
    });
  }));
}

ScrapedTargets* TargetRoutes::scraped(const std::string& component) const {
  const auto running = host_.components->running(component);
  return running && running->component != nullptr ? running->component->scraped_targets() : nullptr;
}

void TargetRoutes::detail(const http::ServerRequest& request, const http::ResponderPtr& responder,
                          std::string_view id) {
  const auto parts = split_id(id);
  if (parts && parts->first.starts_with("out~"))
    return left_out(request, responder, parts->first, parts->second);
  ScrapedTargets* const targets = parts ? scraped(parts->second) : nullptr;
  auto found = targets != nullptr ? targets->detail(parts->first) : std::nullopt;
  if (!found)
    return replies_.send(request, responder,
                         std::unexpected(not_found("there is no such target, or no longer")));
  replies_.make(request, responder,
                [detail = std::move(*found), component = parts->second, rules = upstream(parts->second),
                 config = host_.config().running_files()]() -> Made {
                  return detail_json(detail, component, tell_story(detail.row.labels, rules),
                                     RulePlaces(config));
                });
}

void TargetRoutes::left_out(const http::ServerRequest& request, const http::ResponderPtr& responder,
                            const std::string& id, const std::string& component) {
  store_.with(alive_.bind([this, request, responder, id, component](const CollectedPtr& collected) {
    const auto found = std::ranges::find_if(collected->rows, [&](const auto& row) {
      return row.target.id == id && collected->components[row.component] == component;
    });
    if (found == collected->rows.end())
      return replies_.send(request, responder,
                           std::unexpected(not_found("there is no such target, or no longer")));
    auto rules = upstream(component);
    const auto running = host_.components->running(component);
    if (running && running->component != nullptr)
      if (auto own = running->component->relabeling())
        rules.insert(rules.begin(), {component, std::move(*own)});
    replies_.make(request, responder,
                  [row = found->target, component, rules = std::move(rules),
                   config = host_.config().running_files()]() -> Made {
                    return detail_json({.row = row, .url = {}, .scrapes = {}, .answer = {}}, component,
                                       tell_story(row.labels, rules, component), RulePlaces(config));
                  });
  }));
}

// Breadth first over what the component refers to, within its module.
std::vector<NamedRelabeling> TargetRoutes::upstream(const std::string& component) const {
  const auto slash = component.rfind('/');
  const std::string module = slash == std::string::npos ? "" : component.substr(0, slash);
  std::map<std::string, std::vector<std::string>> refers;
  for (const auto& view : host_.components->list(module)) refers[view.local_id] = view.references_to;
  std::vector<NamedRelabeling> out;
  std::set<std::string> seen;
  std::deque<std::string> next = {slash == std::string::npos ? component : component.substr(slash + 1)};
  while (!next.empty()) {
    const std::string local = std::move(next.front());
    next.pop_front();
    for (const std::string& id : refers[local]) {
      if (!seen.insert(id).second) continue;
      next.push_back(id);
      const std::string whole = module.empty() ? id : module + "/" + id;
      const auto running = host_.components->running(whole);
      if (!running || running->component == nullptr) continue;
      if (auto relabeling = running->component->relabeling()) out.push_back({whole, std::move(*relabeling)});
    }
  }
  return out;
}

void TargetRoutes::scrape(const http::ServerRequest& request, const http::ResponderPtr& responder,
                          std::string_view id) {
  json::Reader body(request.body);
  std::string member;
  const bool is_object = body.enter(json::Kind::kObject);
  if (!is_object || body.next_member(member) || body.failed() || !body.end())
    return responder->send(error_response(bad_request("", "the body must be {}")));
  const auto parts = split_id(id);
  ScrapedTargets* const targets = parts ? scraped(parts->second) : nullptr;
  switch (targets != nullptr ? targets->scrape_now(parts->first) : ScrapedTargets::Asked::kUnknown) {
    case ScrapedTargets::Asked::kUnknown:
      return responder->send(error_response(not_found("there is no such target, or no longer")));
    case ScrapedTargets::Asked::kBusy:
      return responder->send(error_response(
          {.status = 409, .code = "busy", .text = "a scrape of this target is under way already"}));
    case ScrapedTargets::Asked::kBegun:
      break;
  }
  store_.forget();
  std::string text;
  json::Writer(text).begin_object().field("id", id).end_object();
  replies_.send(request, responder, std::move(text), 202);
}

}  // namespace invar::webapi
