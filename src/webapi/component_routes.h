// GET components, components/{id}, components/{id}/rows, components/{id}/schema. Threads: loop thread only. Source: web-api.md 3.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "json/writer.h"
#include "webapi/history_keeper.h"
#include "webapi/host.h"
#include "webapi/reply.h"
#include "webapi/routes.h"
#include "webapi/tables.h"

namespace invar::webapi {

class ComponentRoutes {
 public:
  ComponentRoutes(const ApiHost& host, const Replies& replies, const HistoryKeeper& history)
      : host_(host), replies_(replies), history_(history) {}
  void add_to(Routes& routes);

  [[nodiscard]] std::string health_json() const;
  [[nodiscard]] std::string rates_json() const;

 private:
  struct Bodies {
    syntax::BodyValue arguments, exports, debug_info;
    std::vector<Table> tables;
  };
  struct Exported {  // counted once for each value
    component::Boxed exports;
    std::optional<std::uint64_t> targets;
  };
  [[nodiscard]] std::optional<std::uint64_t> exported_targets(const std::string& id,
                                                              const component::Boxed& exports) const;
  [[nodiscard]] Bodies bodies_of(const std::string& id) const;
  [[nodiscard]] std::optional<component::ComponentView> find(std::string_view id) const;
  [[nodiscard]] std::string list_json(const std::vector<component::ComponentView>& views) const;
  void write(json::Writer& out, const component::ComponentView& view) const;
  void detail(const http::ServerRequest& request, const http::ResponderPtr& responder, const std::string& id);
  void rows(const http::ServerRequest& request, const http::ResponderPtr& responder, const std::string& id);
  void schema(const http::ServerRequest& request, const http::ResponderPtr& responder, const std::string& id);

  const ApiHost& host_;
  const Replies& replies_;
  const HistoryKeeper& history_;
  mutable std::map<std::string, Exported> exported_;  // by component
};

}  // namespace invar::webapi
