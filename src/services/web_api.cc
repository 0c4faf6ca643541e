#include "services/web_api.h"

#include <fmt/format.h>

#include "json/writer.h"
#include "services/compression.h"
#include "syntax/json.h"

namespace invar::services {
namespace {

using component::ComponentView;

void append_problems(json::Writer& out, const std::vector<component::Problem>& problems) {
  out.key("problems").begin_array();
  for (const component::Problem& problem : problems) {
    out.begin_object().field("severity", component::to_string(problem.severity));
    out.field("what", problem.what).field("message", problem.sentence);
    if (problem.since_unix_ns != 0) out.field("since", format_rfc3339(problem.since_unix_ns));
    out.end_object();
  }
  out.end_array();
}

void append_component(json::Writer& out, const ComponentView& view, bool details, bool live) {
  const auto body = [details](const syntax::BodyValue& of) {
    return details ? syntax::body_to_json(of) : std::string("[]");
  };
  out.begin_object().field("name", view.name).field("type", "block").field("localID", view.local_id);
  out.field("moduleID", view.module_id);
  if (!view.label.empty()) out.field("label", view.label);
  out.key("referencesTo").list(view.references_to).key("referencedBy").list(view.referenced_by);
  out.key("dataFlowEdgesTo").list(view.data_flow_edges_to);
  out.key("health").begin_object().field("state", component::to_string(view.health.state));
  out.field("message", view.health.message);
  out.field("updatedTime", view.health.updated_unix_ns == 0 ? "0001-01-01T00:00:00Z"
                                                            : format_rfc3339(view.health.updated_unix_ns));
  out.end_object().field("original", "").key("arguments").raw(body(view.arguments));
  out.key("exports").raw(body(view.exports)).key("debugInfo").raw(body(view.debug_info));
  if (details) append_problems(out, view.problems);
  if (!view.created_module_ids.empty()) out.key("createdModuleIDs").list(view.created_module_ids);
  out.field("liveDebuggingEnabled", live && can_be_watched(view.name)).end_object();
}

http::Handler json_handler(std::function<std::string(const http::ServerRequest&)> make) {
  return [make = std::move(make)](const http::ServerRequest& request, const http::ResponderPtr& responder) {
    send_compressed(request, responder, http::json_response(make(request)));
  };
}

// Under the id of the remote root, or without it.
std::string remote_id(std::string_view rest) {
  constexpr std::string_view kRoot = "remotecfg";
  if (rest.empty() || rest == kRoot) return std::string(kRoot);
  return rest.starts_with(std::string(kRoot) + "/") ? std::string(rest) : fmt::format("{}/{}", kRoot, rest);
}

using ToId = std::string (*)(std::string_view rest);

// components, components/ID and modules/ID/components, of one root.
void add_component_routes(Router& router, const std::string& base,
                          const component::ComponentDirectory& components, const DebugStreams& debug,
                          ToId to_id) {
  router.add(base + "components", {}, json_handler([&components, &debug, to_id](const auto&) {
               return components_json(components, to_id(""), debug.enabled());
             }));
  router.add(base + "components/", {},
             [&components, &debug, to_id, skip = base.size() + std::string_view("components/").size()](
                 const http::ServerRequest& request, const http::ResponderPtr& responder) {
               const auto view = components.details(to_id(std::string_view(request.path).substr(skip)));
               send_compressed(request, responder,
                               view ? http::json_response(component_json(*view, true, debug.enabled()))
                                    : http::text_response(404, "404 page not found"));
             });
  router.add(base + "modules/", {},
             [&components, &debug, to_id, skip = base.size() + std::string_view("modules/").size()](
                 const http::ServerRequest& request, const http::ResponderPtr& responder) {
               std::string_view rest = std::string_view(request.path).substr(skip);
               constexpr std::string_view kTail = "/components";
               if (!rest.ends_with(kTail))
                 return responder->send(http::text_response(404, "404 page not found"));
               rest.remove_suffix(kTail.size());
               const std::string id = to_id(rest);
               send_compressed(request, responder,
                               components.has_module(id)
                                   ? http::json_response(components_json(components, id, debug.enabled()))
                                   : http::text_response(500, "module not found"));
             });
}

}  // namespace

std::string component_json(const ComponentView& view, bool details, bool live) {
  std::string out;
  json::Writer writer(out);
  append_component(writer, view, details, live);
  return out;
}

std::string components_json(const component::ComponentDirectory& components, std::string_view module_id,
                            bool live) {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  for (const auto& view : components.list(module_id)) append_component(writer, view, false, live);
  writer.end_array();
  return out;
}

std::string peers_json(const std::vector<component::ClusterPeer>& peers) {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  for (const component::ClusterPeer& peer : peers) {
    if (peer.state == "viewer") continue;
    writer.begin_object().field("name", peer.name).field("addr", peer.address).field("isSelf", peer.is_self);
    writer.field("state", peer.state).end_object();
  }
  writer.end_array();
  return out;
}

void add_web_api(Router& router, const std::string& prefix, const component::ComponentDirectory& components,
                 const LedgerWatch& ledgers, DebugStreams& debug, Peers peers) {
  const std::string base = prefix + "api/v0/web/";
  add_component_routes(router, base, components, debug,
                       [](std::string_view rest) { return std::string(rest); });
  add_component_routes(router, base + "remotecfg/", components, debug, &remote_id);
  debug.add_to(router, prefix, components);
  router.add(base + "ledger", {}, json_handler([&components, watch = &ledgers](const auto&) {
               return ledger_json(components, *watch);
             }));
  router.add(base + "peers", {},
             json_handler([peers = std::move(peers)](const auto&) { return peers_json(peers()); }));
}

void add_left_to_others(Router& router, const std::string& prefix,
                        const component::ComponentDirectory& components, std::function<LeftToOthers()> left) {
  router.add(prefix + "api/v0/web/left-to-others", {},
             json_handler([&components, left = std::move(left)](const auto&) {
               return left_to_others_json(left(), components.other_pipelines());
             }));
}

}  // namespace invar::services
