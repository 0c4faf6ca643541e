#include "components/pyroscope/receive_http/vain_clients.h"

#include <algorithm>
#include <vector>

#include "base/shown_text.h"
#include "base/time.h"

namespace invar::components::pyroscope_receive_http {

VainClients::VainClients(async::Loop& loop, log::Logger logger, metrics::Scope& scope)
    : loop_(loop), logger_(std::move(logger)), scope_(scope) {}

void VainClients::note(const http::ServerRequest& request, int status, std::string_view why) {
  metrics::Counter*& counter = counters_[status];
  if (counter == nullptr)
    counter =
        &scope_.counter("pyroscope_receive_http_requests_in_vain_total",
                        "Requests of clients whose profiles cannot be taken, by the status of the answer.",
                        {{"status_code", std::to_string(status)}});
  counter->add();
  forget_silent();
  Key key{shown_text(request.peer.substr(0, request.peer.rfind(':'))),
          shown_text(std::string_view(request.target).substr(0, request.target.find('?'))),
          shown_text(request.headers.get("User-Agent")), status};
  Client& client = clients_[std::move(key)];
  client.why = shown_text(why);
  client.last = loop_.now();
  client.last_unix_ns = loop_.unix_ns();
  if (client.requests++ > 0) return;
  client.first_unix_ns = client.last_unix_ns;
  logger_.warn("a client's requests lead nowhere",
               {{"client", shown_text(request.peer)},
                {"method", shown_text(request.method)},
                {"path", shown_text(request.target)},
                {"user_agent", shown_text(request.headers.get("User-Agent"))},
                {"status", std::to_string(status)},
                {"err", client.why}});
}

bool VainClients::silent(const Client& client) const {
  return loop_.now() - client.last >= kForget;
}

void VainClients::forget_silent() {
  std::erase_if(clients_, [&](const auto& entry) { return silent(entry.second); });
  if (clients_.size() < kMost) return;
  clients_.erase(std::ranges::min_element(clients_, {}, [](const auto& entry) { return entry.second.last; }));
}

std::vector<component::Problem> VainClients::problems() const {
  std::vector<component::Problem> out;
  for (const auto& [key, client] : clients_) {
    if (silent(client)) continue;
    const auto& [address, path, user_agent, status] = key;
    out.push_back({component::Severity::kDegraded, address + " " + path, client.why, client.first_unix_ns});
  }
  return out;
}

void VainClients::show(syntax::BodyValue& out) const {
  using Entry = std::pair<const Key, Client>;
  std::vector<const Entry*> latest_first;
  latest_first.reserve(clients_.size());
  for (const Entry& entry : clients_)
    if (!silent(entry.second)) latest_first.push_back(&entry);
  std::ranges::stable_sort(latest_first, std::greater(),
                           [](const Entry* entry) { return entry->second.last; });
  for (const Entry* entry : latest_first) {
    const auto& [address, path, user_agent, status] = entry->first;
    const Client& client = entry->second;
    syntax::BodyValue row;
    row.attribute("address", address);
    row.attribute("path", path);
    row.attribute("user_agent", user_agent);
    row.attribute("status", std::int64_t{status});
    row.attribute("requests", client.requests);
    row.attribute("first_seen", format_rfc3339(client.first_unix_ns));
    row.attribute("last_seen", format_rfc3339(client.last_unix_ns));
    row.attribute("last_error", client.why);
    out.block("client_in_vain", "", std::move(row));
  }
}

}  // namespace invar::components::pyroscope_receive_http
