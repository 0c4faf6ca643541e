#include "webapi/api.h"

#include <utility>

#include "webapi/cluster_routes.h"
#include "webapi/component_routes.h"
#include "webapi/config_routes.h"
#include "webapi/delivery_routes.h"
#include "webapi/event_hub.h"
#include "webapi/ledger_shots.h"
#include "webapi/live_routes.h"
#include "webapi/overview_routes.h"
#include "webapi/profile_routes.h"
#include "webapi/replays.h"
#include "webapi/target_routes.h"

namespace invar::webapi {

struct Api::Parts {
  Parts(ApiHost given, BalanceNow balance_now) : host(std::move(given)), balance(std::move(balance_now)) {}

  const ApiHost host;
  const BalanceNow balance;
  Replies replies{*host.loop, *host.pool};
  TargetStore targets{*host.loop, *host.pool, *host.components};
  HistoryKeeper history{host};
  LedgerShots shots{host};
  OverviewRoutes overview{host, replies, targets, history, shots};
  ComponentRoutes components{host, replies, history};
  TargetRoutes target_routes{host, replies, targets};
  DeliveryRoutes delivery{host, replies};
  ConfigRoutes config{host, replies};
  ProfileRoutes profiles{host, replies};
  Replays replays{host, replies};
  LiveRoutes live{host};
  EventHub events{host};
};

Api::Api(ApiHost host, BalanceNow balance)
    : parts_(std::make_unique<Parts>(std::move(host), std::move(balance))) {
  using Then = EventHub::Then;
  constexpr std::size_t kMostProblems = 50;
  Parts& parts = *parts_;
  EventHub& events = parts.events;
  events.add_topic("verdict", [&parts](const Then& then) { parts.overview.with_verdict(then); });
  events.add_topic("problems",
                   [&parts](const Then& then) { parts.overview.with_problems(kMostProblems, then); });
  events.add_topic("counters", [&parts](const Then& then) { then(parts.overview.counters_json()); });
  events.add_topic("health", [&parts](const Then& then) { then(parts.components.health_json()); });
  events.add_topic("rates", [&parts](const Then& then) {
    then(parts.components.rates_json("", HistoryKeeper::kWindows.front()));
  });
  events.add_topics("rates", [&parts](const std::string& parameter) -> EventHub::Maker {
    const auto colon = parameter.rfind(':');
    if (colon == std::string::npos) return nullptr;
    for (const Duration window : HistoryKeeper::kWindows) {
      if (std::to_string(static_cast<std::int64_t>(to_seconds(window))) != parameter.substr(colon + 1))
        continue;
      return [&parts, module = parameter.substr(0, colon), window](const Then& then) {
        then(parts.components.rates_json(module, window));
      };
    }
    return nullptr;
  });
  events.add_topic("endpoints", [&parts](const Then& then) { then(parts.delivery.endpoints_json()); });
  events.add_topic("peers", [&parts](const Then& then) {
    then(peers_json(parts.host.cluster(), *parts.host.components, parts.balance));
  });
  events.add_topic("remotecfg", [&parts](const Then& then) { then(remote_json(parts.host.remote())); });
  events.add_topic("replays", [&parts](const Then& then) { then(parts.replays.list_json()); });
}

Api::~Api() = default;

void Api::add_to(services::Router& router, const std::string& prefix) {
  Routes routes(router, prefix + "api/v1/");
  parts_->overview.add_to(routes);
  parts_->components.add_to(routes);
  parts_->target_routes.add_to(routes);
  parts_->delivery.add_to(routes);
  parts_->config.add_to(routes);
  parts_->profiles.add_to(routes);
  parts_->replays.add_to(routes);
  parts_->live.add_to(routes);
  parts_->events.add_to(routes);
  add_cluster_routes(routes, parts_->host, parts_->balance, parts_->replies);
  routes.get_below("", [](const auto&, const auto& responder, std::string_view) {
    responder->send(error_response(not_found("the API has no such path")));
  });
}

}  // namespace invar::webapi
