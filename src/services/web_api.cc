#include "services/web_api.h"

#include <fmt/format.h>

#include "services/compression.h"
#include "syntax/json.h"

namespace invar::services {
namespace {

using component::ComponentView;

std::string strings_json(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += syntax::json_string(item);
  }
  return out + "]";
}

http::Handler json_handler(std::function<std::string(const http::ServerRequest&)> make) {
  return [make = std::move(make)](const http::ServerRequest& request, const http::ResponderPtr& responder) {
    send_compressed(request, responder, http::json_response(make(request)));
  };
}

}  // namespace

std::string component_json(const ComponentView& view, bool details) {
  const std::string empty = "[]";
  std::string out =
      fmt::format(R"({{"name":{},"type":"block","localID":{},"moduleID":{},)", syntax::json_string(view.name),
                  syntax::json_string(view.local_id), syntax::json_string(view.module_id));
  if (!view.label.empty()) out += fmt::format(R"("label":{},)", syntax::json_string(view.label));
  const std::string updated =
      view.health.updated_unix_ns == 0 ? "0001-01-01T00:00:00Z" : format_rfc3339(view.health.updated_unix_ns);
  out += fmt::format(
      R"("referencesTo":{},"referencedBy":{},"dataFlowEdgesTo":{},"health":{{"state":"{}","message":{},"updatedTime":"{}"}},)",
      strings_json(view.references_to), strings_json(view.referenced_by),
      strings_json(view.data_flow_edges_to), component::to_string(view.health.state),
      syntax::json_string(view.health.message), updated);
  out += fmt::format(R"("original":"","arguments":{},"exports":{},"debugInfo":{},)",
                     details ? syntax::body_to_json(view.arguments) : empty,
                     details ? syntax::body_to_json(view.exports) : empty,
                     details ? syntax::body_to_json(view.debug_info) : empty);
  if (!view.created_module_ids.empty())
    out += fmt::format(R"("createdModuleIDs":{},)", strings_json(view.created_module_ids));
  return out + R"("liveDebuggingEnabled":false})";
}

std::string components_json(const component::ComponentDirectory& components, std::string_view module_id) {
  std::string out = "[";
  for (const auto& view : components.list(module_id)) {
    if (out.size() > 1) out += ',';
    out += component_json(view, false);
  }
  return out + "]";
}

std::string peers_json(const Peer& self) {
  return fmt::format(R"([{{"name":{},"addr":{},"isSelf":{},"state":{}}}])", syntax::json_string(self.name),
                     syntax::json_string(self.address), self.is_self, syntax::json_string(self.state));
}

void add_web_api(Router& router, const std::string& prefix, const component::ComponentDirectory& components,
                 const LedgerWatch& ledgers, const Peer& self) {
  const std::string base = prefix + "api/v0/web/";
  const auto* directory = &components;
  router.add(base + "components", {},
             json_handler([directory](const auto&) { return components_json(*directory, ""); }));
  router.add(base + "components/", {},
             [directory, skip = base.size() + std::string_view("components/").size()](
                 const http::ServerRequest& request, const http::ResponderPtr& responder) {
               const auto view = directory->details(std::string_view(request.path).substr(skip));
               send_compressed(request, responder,
                               view ? http::json_response(component_json(*view, true))
                                    : http::text_response(404, "404 page not found"));
             });
  router.add(base + "modules/", {},
             [skip = base.size() + std::string_view("modules/").size(), directory](
                 const http::ServerRequest& request, const http::ResponderPtr& responder) {
               std::string_view rest = std::string_view(request.path).substr(skip);
               constexpr std::string_view kTail = "/components";
               if (!rest.ends_with(kTail)) {
                 responder->send(http::text_response(404, "404 page not found"));
                 return;
               }
               rest.remove_suffix(kTail.size());
               const bool known = !directory->list(rest).empty();
               send_compressed(request, responder,
                               known ? http::json_response(components_json(*directory, rest))
                                     : http::text_response(500, "module not found"));
             });
  router.add(base + "remotecfg/components", {}, json_handler([](const auto&) { return std::string("[]"); }));
  router.add(base + "ledger", {}, json_handler([directory, watch = &ledgers](const auto&) {
               return ledger_json(*directory, *watch);
             }));
  router.add(base + "peers", {}, json_handler([self](const auto&) { return peers_json(self); }));
}

}  // namespace invar::services
