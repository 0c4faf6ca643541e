// GET components, components/{id}, components/{id}/rows, components/{id}/schema. Threads: loop thread only; the values of arguments and
// exports, which may be lists of tens of thousands of targets, are looked at on the pool. Source: web-api.md 3.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  // Of a module and those below it; "" for all. `window` is one of HistoryKeeper::kWindows.
  [[nodiscard]] std::string rates_json(std::string_view module, Duration window) const;

 private:
  struct Bodies {
    syntax::BodyValue arguments, exports, debug_info;
    std::vector<Table> tables;
  };
  struct Sources {  // what bodies are made of
    component::Boxed arguments, exports;
    Bodies made;  // what is short, or there already
  };
  struct Exported {  // counted once for each value
    component::Boxed exports;
    std::optional<std::uint64_t> targets;
  };
  using Work = std::function<Made(Bodies)>;
  [[nodiscard]] Sources sources_of(const std::string& id) const;
  static Bodies bodies_of(Sources& sources);  // pool
  // Answers with what `work` makes on the pool.
  void with_bodies(const http::ServerRequest& request, const http::ResponderPtr& responder,
                   const std::string& id, Work work);
  // Counts the targets of exports that are not counted yet, on the pool; then calls `then`, at once when there are none.
  void with_counts(const std::vector<component::ComponentView>& views, std::function<void()> then);
  [[nodiscard]] std::optional<component::ComponentView> find(std::string_view id) const;
  [[nodiscard]] std::string list_json(const std::vector<component::ComponentView>& views) const;
  void write(json::Writer& out, const component::ComponentView& view) const;
  [[nodiscard]] std::string detail_head(const component::ComponentView& view) const;
  void detail(const http::ServerRequest& request, const http::ResponderPtr& responder, const std::string& id);
  void rows(const http::ServerRequest& request, const http::ResponderPtr& responder, const std::string& id);
  void schema(const http::ServerRequest& request, const http::ResponderPtr& responder, const std::string& id);

  const ApiHost& host_;
  const Replies& replies_;
  const HistoryKeeper& history_;
  std::map<std::string, Exported> exported_;  // by component
  async::Alive alive_;
};

}  // namespace invar::webapi
