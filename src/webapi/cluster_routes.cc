#include "webapi/cluster_routes.h"

#include <optional>

#include "component/shared_targets.h"
#include "json/writer.h"
#include "webapi/target_view.h"

namespace invar::webapi {
namespace {

// Of all components whose targets are shared; nothing when there is none.
std::optional<component::TargetsByOwner> shared_targets(const component::ComponentDirectory& components) {
  std::optional<component::TargetsByOwner> out;
  for (const auto& view : components.list_all()) {
    const auto running = components.running(view.id());
    if (!running || running->component == nullptr) continue;
    const auto* shared = dynamic_cast<const component::SharedTargets*>(running->component->scraped_targets());
    if (shared == nullptr || shared->targets_by_owner().empty()) continue;
    if (!out) out.emplace();
    for (const auto& [owner, count] : shared->targets_by_owner()) (*out)[owner] += count;
  }
  return out;
}

void write_balance(json::Writer& out, const component::Balance& balance) {
  out.key("balance").begin_object().field("by_cost", balance.by_cost).field("leader", balance.leader);
  out.field("plan", balance.plan).field("moved", balance.moved);
  write_time(out, "since", balance.since_unix_ns);
  out.key("nodes").begin_array();
  for (const component::Balance::Node& node : balance.nodes) {
    out.begin_object().field("name", node.name).field("keys", node.keys);
    if (node.cost) out.field("cost", *node.cost);
    out.end_object();
  }
  out.end_array().end_object();
}

}  // namespace

std::string peers_json(const ClusterState& cluster, const component::ComponentDirectory& components,
                       const BalanceNow& balance) {
  const auto targets = shared_targets(components);
  const auto targets_of = [&](std::string_view owner) {
    const auto found = targets->find(owner);
    return found == targets->end() ? 0 : found->second;
  };
  std::string text;
  json::Writer out(text);
  out.begin_object().field("enabled", cluster.enabled).field("total", cluster.members.size());
  if (targets) out.field("targets_of_nobody", targets_of(""));
  out.key("peers").begin_array();
  for (const Member& member : cluster.members) {
    out.begin_object()
        .field("name", member.name)
        .field("address", member.address)
        .field("state", member.state);
    out.field("self", member.is_self);
    if (targets) out.field("targets", targets_of(member.name));
    out.end_object();
  }
  out.end_array();
  if (const auto now = balance()) write_balance(out, *now);
  out.end_object();
  return text;
}

std::string remote_json(const RemoteConfiguration& remote) {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("enabled", remote.enabled);
  if (remote.enabled) {
    out.field("url", remote.url).field("id", remote.id).field("hash", remote.hash);
    out.field("running", remote.running).field("from_cache", remote.from_cache);
    out.field("unanswered", remote.unanswered).field("error", remote.error);
    write_time(out, "loaded", remote.loaded_unix_ns);
    write_time(out, "polled", remote.asked_unix_ns);
  }
  out.end_object();
  return text;
}

void add_cluster_routes(Routes& routes, const ApiHost& host, const BalanceNow& balance,
                        const Replies& replies) {
  routes.get("peers", [&host, &balance, &replies](const auto& request, const auto& responder) {
    replies.send(request, responder, peers_json(host.cluster(), *host.components, balance));
  });
  routes.get("remotecfg", [&host, &replies](const auto& request, const auto& responder) {
    replies.send(request, responder, remote_json(host.remote()));
  });
}

}  // namespace invar::webapi
