#include "webapi/cluster_routes.h"

#include "json/writer.h"

namespace invar::webapi {
namespace {

std::string peers_json(const ClusterState& cluster) {
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .field("enabled", cluster.enabled)
      .field("total", cluster.members.size())
      .key("peers")
      .begin_array();
  for (const Member& member : cluster.members) {
    out.begin_object()
        .field("name", member.name)
        .field("address", member.address)
        .field("state", member.state);
    out.field("self", member.is_self).end_object();
  }
  out.end_array().end_object();
  return text;
}

}  // namespace

void add_cluster_routes(Routes& routes, const ApiHost& host, const Replies& replies) {
  routes.get("peers", [&host, &replies](const auto& request, const auto& responder) {
    replies.send(request, responder, peers_json(host.cluster()));
  });
  // There is no remote configuration.
  routes.get("remotecfg", [&replies](const auto& request, const auto& responder) {
    replies.send(request, responder, std::string(R"({"enabled":false})"));
  });
}

}  // namespace invar::webapi
