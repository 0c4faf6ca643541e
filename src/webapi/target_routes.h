// GET targets, targets/{id}, services; POST targets/{id}/scrape. Threads: loop thread only. Source: web-api.md 3.
#pragma once

#include <map>
#include <string>

#include "webapi/host.h"
#include "webapi/label_story.h"
#include "webapi/reply.h"
#include "webapi/routes.h"
#include "webapi/target_view.h"

namespace invar::webapi {

class TargetRoutes {
 public:
  static constexpr Duration kSnapshotLife = std::chrono::seconds(30);
  static constexpr std::size_t kMostSnapshots = 32;

  TargetRoutes(const ApiHost& host, const Replies& replies, TargetStore& store)
      : host_(host), replies_(replies), store_(store) {}
  void add_to(Routes& routes);

 private:
  using ViewPtr = std::shared_ptr<const TargetView>;
  struct Snapshot {
    ViewPtr view;
    async::TimePoint used;
  };
  void list(const http::ServerRequest& request, const http::ResponderPtr& responder);
  void services(const http::ServerRequest& request, const http::ResponderPtr& responder);
  void detail(const http::ServerRequest& request, const http::ResponderPtr& responder, std::string_view id);
  void left_out(const http::ServerRequest& request, const http::ResponderPtr& responder,
                const std::string& id, const std::string& component);
  void scrape(const http::ServerRequest& request, const http::ResponderPtr& responder, std::string_view id);
  std::string keep(ViewPtr view);
  void forget_old();
  // Those that targets of the component may have passed, the nearest first.
  [[nodiscard]] std::vector<NamedRelabeling> upstream(const std::string& component) const;
  [[nodiscard]] component::ScrapedTargets* scraped(const std::string& component) const;

  const ApiHost& host_;
  const Replies& replies_;
  TargetStore& store_;
  std::map<std::string, Snapshot> snapshots_;
  std::uint64_t last_snapshot_ = 0;
  async::Alive alive_;
};

}  // namespace invar::webapi
