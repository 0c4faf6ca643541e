// GET verdict, problems, history, ledger. Threads: loop thread only. Source: web-api.md 3, 5.
#pragma once

#include <functional>

#include "webapi/history_keeper.h"
#include "webapi/host.h"
#include "webapi/ledger_shots.h"
#include "webapi/reply.h"
#include "webapi/routes.h"
#include "webapi/verdict.h"

namespace invar::webapi {

class OverviewRoutes {
 public:
  using Then = std::function<void(std::string)>;  // an answer without the time

  OverviewRoutes(const ApiHost& host, const Replies& replies, TargetStore& store,
                 const HistoryKeeper& history, const LedgerShots& shots)
      : host_(host), replies_(replies), store_(store), history_(history), shots_(shots) {}
  void add_to(Routes& routes);

  void with_verdict(Then then);
  void with_problems(std::size_t limit, Then then);
  [[nodiscard]] std::string counters_json() const;

 private:
  [[nodiscard]] std::string ledger_json(const LedgerShot& then) const;
  void history(const http::ServerRequest& request, const http::ResponderPtr& responder);

  const ApiHost& host_;
  const Replies& replies_;
  TargetStore& store_;
  const HistoryKeeper& history_;
  const LedgerShots& shots_;
  async::Alive alive_;
};

}  // namespace invar::webapi
