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

syntax::BodyValue exports_body(const component::Boxed& exports) {
  syntax::BodyValue out;
  const syntax::Value object = exports.schema()->to_object(exports.object());
  for (const auto& [name, value] : object.as_object().fields) out.attribute(name, value);
  return out;
}

std::optional<std::uint64_t> targets_in(const component::Boxed& exports) {
  std::optional<std::uint64_t> out;
  for (const auto& field : exports.schema()->fields()) {
    if (field.type_text != syntax::Codec<component::Targets>::type_text()) continue;
    const syntax::Value list = field.encode(exports.object());
    if (list.type() == syntax::Type::kArray) out = out.value_or(0) + list.as_array().size();
  }
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
    auto views = module ? host_.components->list(*module) : host_.components->list_all();
    with_counts(views, alive_.bind([this, request, responder, views] {
      replies_.send(request, responder, list_json(views));
    }));
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

void ComponentRoutes::with_counts(const std::vector<ComponentView>& views, std::function<void()> then) {
  auto counted = std::make_shared<std::map<std::string, Exported>>();
  for (const ComponentView& view : views) {
    const std::string id = view.id();
    const auto running = host_.components->running(id);
    if (!running || running->exports == nullptr || running->exports->empty()) continue;
    const auto known = exported_.find(id);
    if (known == exported_.end() || known->second.exports.object() != running->exports->object())
      (*counted)[id].exports = *running->exports;
  }
  if (counted->empty()) return then();
  std::erase_if(exported_, [&](const auto& each) { return !host_.components->running(each.first); });
  // What was exported is let go of here: values may belong to the loop.
  host_.pool->run(
      [counts = counted.get()] {
        for (auto& [id, each] : *counts) each.targets = targets_in(each.exports);
        return true;
      },
      alive_.bind([this, counted, then = std::move(then)](bool) {
        for (auto& [id, each] : *counted) exported_[id] = std::move(each);
        then();
      }));
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
      if (const auto known = exported_.find(id); known != exported_.end()) targets = known->second.targets;
    }
  }
  targets ? out.field("targets", *targets) : out.key("targets").null();
  const auto rate = history_.rate(id, HistoryKeeper::kWindows.front());
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

ComponentRoutes::Sources ComponentRoutes::sources_of(const std::string& id) const {
  Sources out;
  if (const auto running = host_.components->running(id)) {
    if (running->arguments != nullptr && !running->arguments->empty())
      out.arguments = component::all_arguments(running->component, *running->arguments);
    if (running->exports != nullptr) out.exports = *running->exports;
    if (running->component != nullptr) {
      const auto* targets = running->component->scraped_targets();
      out.made.debug_info = targets != nullptr ? summary_of(*targets) : running->component->debug_info();
    }
  } else if (auto view = host_.components->details(id)) {
    out.made.arguments = std::move(view->arguments);
    out.made.exports = std::move(view->exports);
    out.made.debug_info = std::move(view->debug_info);
  }
  return out;
}

ComponentRoutes::Bodies ComponentRoutes::bodies_of(Sources& sources) {
  Bodies out = std::move(sources.made);
  if (!sources.arguments.empty())
    out.arguments = sources.arguments.schema()->to_body(sources.arguments.object());
  if (!sources.exports.empty()) out.exports = exports_body(sources.exports);
  for (const auto& [name, body] : {std::pair("arguments", &out.arguments), std::pair("exports", &out.exports),
                                   std::pair("debug_info", &out.debug_info)}) {
    for (Table& table : take_tables(name, *body)) out.tables.push_back(std::move(table));
    cut(*body);
  }
  return out;
}

void ComponentRoutes::with_bodies(const http::ServerRequest& request, const http::ResponderPtr& responder,
                                  const std::string& id, Work work) {
  auto sources = std::make_shared<Sources>(sources_of(id));
  // The sources are let go of here: values may belong to the loop.
  host_.pool->run([from = sources.get(), work = std::move(work)] { return work(bodies_of(*from)); },
                  alive_.bind([this, sources, request, responder](Made made) {
                    replies_.send(request, responder, std::move(made));
                  }));
}

void ComponentRoutes::detail(const http::ServerRequest& request, const http::ResponderPtr& responder,
                             const std::string& id) {
  const auto view = find(id);
  if (!view) return replies_.send(request, responder, std::unexpected(no_component(id)));
  with_counts({*view}, alive_.bind([this, request, responder, id, view = *view] {
    with_bodies(request, responder, id, [head = detail_head(view)](const Bodies& bodies) -> Made {
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
  }));
}

// An object that is not closed yet: the rest is text of values, which may be long.
std::string ComponentRoutes::detail_head(const ComponentView& view) const {
  const auto running = host_.components->running(view.id());
  std::vector<component::Problem> problems;
  if (running && running->component != nullptr && running->component->scraped_targets() == nullptr)
    problems = running->component->problems(component::Severity::kDegraded);
  std::string head;
  json::Writer out(head);
  out.begin_object();
  write(out, view);
  out.key("problem_list").begin_array();
  for (std::size_t i = 0; i < std::min<std::size_t>(problems.size(), Params::kMostRows); ++i) {
    const component::Problem& problem = problems[i];
    out.begin_object().field("severity", component::to_string(problem.severity)).field("what", problem.what);
    out.field("text", problem.sentence);
    write_time(out, "since", problem.since_unix_ns);
    out.end_object();
  }
  out.end_array().field("live", running.has_value());
  return head;
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
  with_bodies(request, responder, id,
              [id, block = *block, query = std::move(query)](const Bodies& bodies) -> Made {
                const auto table = std::ranges::find(bodies.tables, block, &Table::name);
                if (table == bodies.tables.end())
                  return std::unexpected(not_found(fmt::format("{} has no table {}", id, quote(block))));
                return table_json(*table, query);
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

std::string ComponentRoutes::rates_json(std::string_view module, Duration window) const {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("window", to_seconds(window)).key("components").begin_object();
  for (const ComponentView& view : host_.components->list_all()) {
    const std::string id = view.id();
    if (!module.empty() && !id.starts_with(fmt::format("{}/", module))) continue;
    if (const auto rate = history_.rate(id, window)) out.field(id, *rate);
  }
  out.end_object().end_object();
  return text;
}

}  // namespace invar::webapi
