#include "webapi/cluster_routes.h"

#include "json/writer.h"
#include "webapi/target_view.h"

namespace invar::webapi {

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

void add_cluster_routes(Routes& routes, const ApiHost& host, const Replies& replies) {
  routes.get("peers", [&host, &replies](const auto& request, const auto& responder) {
    replies.send(request, responder, peers_json(host.cluster()));
  });
  routes.get("remotecfg", [&host, &replies](const auto& request, const auto& responder) {
    replies.send(request, responder, remote_json(host.remote()));
  });
}

}  // namespace invar::webapi
