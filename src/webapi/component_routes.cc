#include "webapi/component_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "component/shown_arguments.h"
#include "component/target.h"
#include "syntax/decode_impl.h"
#include "syntax/json.h"
#include "webapi/params.h"
#include "webapi/target_view.h"

namespace invar::webapi {
namespace {

using component::ComponentView;

ApiError no_component(std::string_view id) {
  return not_found(fmt::format("there is no component {}", quote(id)));
}

void write_health(json::Writer& out, const component::Health& health) {
  out.begin_object().field("state", component::to_string(health.state)).field("text", health.message);
  write_time(out, "since", health.updated_unix_ns);
  out.end_object();
}

void write_fields(json::Writer& out, const syntax::Schema& schema, const std::string& prefix) {
  for (const syntax::Field& field : schema.fields()) {
    const bool block = field.kind == syntax::Field::Kind::kBlock;
    out.begin_object().field("name", prefix + field.name).field("kind", block ? "block" : "attribute");
    out.field("type", block ? (field.repeated ? "block, repeatable" : "block") : field.type_text);
    out.field("required", field.required)
        .field("default", field.default_text)
        .field("doc", field.doc)
        .end_object();
    if (block) write_fields(out, *field.block, prefix + field.name + ".");
  }
}

syntax::BodyValue exports_body(const component::RunningComponent& running) {
  syntax::BodyValue out;
  if (running.exports == nullptr || running.exports->empty()) return out;
  const syntax::Value object = running.exports->schema()->to_object(running.exports->object());
  for (const auto& [name, value] : object.as_object().fields) out.attribute(name, value);
  return out;
}

// Of one that scrapes its targets are a page of their own; what else it would show of them, too.
syntax::BodyValue summary_of(const component::ScrapedTargets& targets) {
  const auto totals = targets.totals();
  syntax::BodyValue out;
  out.attribute("targets", std::uint64_t{targets.count()}).attribute("failing", totals.failing);
  out.attribute("scrapes", totals.scrapes).attribute("scrapes_failed", totals.failed);
  return out;
}

void cut(syntax::BodyValue& body) {
  constexpr std::size_t kMost = 200;
  if (body.statements.size() > kMost) body.statements.resize(kMost);
}

}  // namespace

void ComponentRoutes::add_to(Routes& routes) {
  routes.get("components", [this](const auto& request, const auto& responder) {
    const auto module = request.query_value("module");
    if (module && !host_.components->has_module(*module))
      return replies_.send(request, responder,
                           std::unexpected(not_found("there is no module " + quote(*module))));
    replies_.send(request, responder,
                  list_json(module ? host_.components->list(*module) : host_.components->list_all()));
  });
  routes.get_below("components/", [this](const auto& request, const auto& responder, std::string_view tail) {
    for (const auto& [ending, answer] : {std::pair(std::string_view("/rows"), &ComponentRoutes::rows),
                                         std::pair(std::string_view("/schema"), &ComponentRoutes::schema)}) {
      if (tail.ends_with(ending))
        return (this->*answer)(request, responder, std::string(tail.substr(0, tail.size() - ending.size())));
    }
    detail(request, responder, std::string(tail));
  });
}

std::optional<ComponentView> ComponentRoutes::find(std::string_view id) const {
  const auto slash = id.rfind('/');
  for (auto& view : host_.components->list(slash == std::string_view::npos ? "" : id.substr(0, slash)))
    if (view.id() == id) return std::move(view);
  return std::nullopt;
}

std::optional<std::uint64_t> ComponentRoutes::exported_targets(const std::string& id,
                                                               const component::Boxed& exports) const {
  if (exports.empty()) return std::nullopt;
  Exported& known = exported_[id];
  if (known.exports.object() == exports.object()) return known.targets;
  known = {exports, std::nullopt};
  for (const auto& field : exports.schema()->fields()) {
    if (field.type_text != syntax::Codec<component::Targets>::type_text()) continue;
    const syntax::Value list = field.encode(exports.object());
    if (list.type() == syntax::Type::kArray)
      known.targets = known.targets.value_or(0) + list.as_array().size();
  }
  return known.targets;
}

void ComponentRoutes::write(json::Writer& out, const ComponentView& view) const {
  const std::string id = view.id();
  const auto running = host_.components->running(id);
  out.field("id", id).field("name", view.name).field("label", view.label).field("local_id", view.local_id);
  out.field("module", view.module_id).key("health");
  write_health(out, view.health);
  out.key("references_to").list(view.references_to).key("referenced_by").list(view.referenced_by);
  out.key("data_flow_to").list(view.data_flow_edges_to).key("modules").list(view.created_module_ids);
  std::optional<std::uint64_t> targets;
  std::uint64_t problems = 0;
  if (running && running->component != nullptr) {
    if (const auto* scraped = running->component->scraped_targets()) {
      targets = scraped->count();
      problems = scraped->totals().failing;
    } else {
      problems = running->component->problems(component::Severity::kDegraded).size();
      if (running->exports != nullptr) targets = exported_targets(id, *running->exports);
    }
  }
  targets ? out.field("targets", *targets) : out.key("targets").null();
  const auto rate = history_.rate(id);
  rate ? out.field("rate", *rate) : out.key("rate").null();
  out.field("problems", problems);
}

std::string ComponentRoutes::list_json(const std::vector<ComponentView>& views) const {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("total", views.size()).key("components").begin_array();
  for (const ComponentView& view : views) {
    out.begin_object();
    write(out, view);
    out.end_object();
  }
  out.end_array().end_object();
  return text;
}

ComponentRoutes::Bodies ComponentRoutes::bodies_of(const std::string& id) const {
  Bodies out;
  if (const auto running = host_.components->running(id)) {
    if (running->arguments != nullptr && !running->arguments->empty())
      out.arguments = component::shown_arguments(running->component, *running->arguments);
    out.exports = exports_body(*running);
    if (running->component != nullptr) {
      const auto* targets = running->component->scraped_targets();
      out.debug_info = targets != nullptr ? summary_of(*targets) : running->component->debug_info();
    }
  } else if (auto view = host_.components->details(id)) {
    out.arguments = std::move(view->arguments);
    out.exports = std::move(view->exports);
    out.debug_info = std::move(view->debug_info);
  }
  for (const auto& [name, body] : {std::pair("arguments", &out.arguments), std::pair("exports", &out.exports),
                                   std::pair("debug_info", &out.debug_info)}) {
    for (Table& table : take_tables(name, *body)) out.tables.push_back(std::move(table));
    cut(*body);
  }
  return out;
}

void ComponentRoutes::detail(const http::ServerRequest& request, const http::ResponderPtr& responder,
                             const std::string& id) {
  const auto view = find(id);
  if (!view) return replies_.send(request, responder, std::unexpected(no_component(id)));
  const auto running = host_.components->running(id);
  std::vector<component::Problem> problems;
  if (running && running->component != nullptr && running->component->scraped_targets() == nullptr)
    problems = running->component->problems(component::Severity::kDegraded);
  std::string head;
  json::Writer out(head);
  out.begin_object();
  write(out, *view);
  out.key("problem_list").begin_array();
  for (std::size_t i = 0; i < std::min<std::size_t>(problems.size(), Params::kMostRows); ++i) {
    const component::Problem& problem = problems[i];
    out.begin_object().field("severity", component::to_string(problem.severity)).field("what", problem.what);
    out.field("text", problem.sentence);
    write_time(out, "since", problem.since_unix_ns);
    out.end_object();
  }
  out.end_array().field("live", running.has_value());
  // The rest is text of values, which may be long.
  replies_.make(request, responder, [head = std::move(head), bodies = bodies_of(id)]() -> Made {
    std::string text = head + ",\"arguments\":" + syntax::body_to_json(bodies.arguments) +
                       ",\"exports\":" + syntax::body_to_json(bodies.exports) +
                       ",\"debug_info\":" + syntax::body_to_json(bodies.debug_info) + ",\"tables\":";
    json::Writer tables(text);
    tables.begin_array();
    for (const Table& table : bodies.tables)
      tables.begin_object().field("block", table.name).field("total", table.rows.size()).end_object();
    tables.end_array();
    return text + "}";
  });
}

void ComponentRoutes::rows(const http::ServerRequest& request, const http::ResponderPtr& responder,
                           const std::string& id) {
  if (!find(id)) return replies_.send(request, responder, std::unexpected(no_component(id)));
  Params params(request, host_.loop->unix_ns());
  const auto block = params.text("block");
  if (!block) params.fail("block", "block is missing", "Name one of the component's tables.");
  RowsQuery query{.find = params.text_or("find", ""),
                  .sort = params.text_or("sort", ""),
                  .descending = false,
                  .offset = params.offset(),
                  .limit = params.limit()};
  if (params.error()) return responder->send(error_response(*params.error()));
  query.descending = query.sort.starts_with('-');
  if (query.descending) query.sort.erase(0, 1);
  auto bodies = bodies_of(id);
  const auto table = std::ranges::find(bodies.tables, *block, &Table::name);
  if (table == bodies.tables.end())
    return replies_.send(request, responder,
                         std::unexpected(not_found(fmt::format("{} has no table {}", id, quote(*block)))));
  replies_.make(request, responder, [table = std::move(*table), query = std::move(query)]() -> Made {
    return table_json(table, query);
  });
}

void ComponentRoutes::schema(const http::ServerRequest& request, const http::ResponderPtr& responder,
                             const std::string& id) {
  const auto running = host_.components->running(id);
  if (!running) return replies_.send(request, responder, std::unexpected(no_component(id)));
  const component::Registration& registration = *running->registration;
  std::string text;
  json::Writer out(text);
  out.begin_object().field("name", registration.name).field("summary", registration.summary);
  out.field("documentation", registration.documentation).field("example", registration.example);
  out.key("arguments").begin_array();
  write_fields(out, *registration.arguments, "");
  out.end_array().key("exports").begin_array();
  if (registration.exports != nullptr) write_fields(out, *registration.exports, "");
  out.end_array().end_object();
  replies_.send(request, responder, std::move(text));
}

std::string ComponentRoutes::health_json() const {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("components").begin_object();
  for (const ComponentView& view : host_.components->list_all()) {
    out.key(view.id());
    write_health(out, view.health);
  }
  out.end_object().end_object();
  return text;
}

std::string ComponentRoutes::rates_json() const {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("window", to_seconds(HistoryKeeper::kEvery)).key("components").begin_object();
  for (const ComponentView& view : host_.components->list_all())
    if (const auto rate = history_.rate(view.id())) out.field(view.id(), *rate);
  out.end_object().end_object();
  return text;
}

}  // namespace invar::webapi
