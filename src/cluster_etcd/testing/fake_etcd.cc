#include "cluster_etcd/testing/fake_etcd.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "codec/base64.h"
#include "json/reader.h"

namespace invar::cluster_etcd::testing {
namespace {

using http::testing::body_of;

// "compare.0.key" and the like; arrays by index.
void flatten(json::Reader& in, const std::string& at, std::map<std::string, std::string>& out) {
  std::string name;
  switch (in.kind()) {
    case json::Kind::kObject:
      in.enter(json::Kind::kObject);
      while (in.next_member(name)) flatten(in, at.empty() ? name : at + "." + name, out);
      break;
    case json::Kind::kArray:
      in.enter(json::Kind::kArray);
      for (int i = 0; in.next_element(); ++i) flatten(in, fmt::format("{}.{}", at, i), out);
      break;
    default:
      in.read(out[at]);
  }
}

std::string bytes(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : codec::from_base64(found->second).value_or("");
}

std::string text(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

http::testing::Answer ok(std::string body) {
  return http::testing::answer(200, "application/json", std::move(body));
}

http::testing::Answer refused(int status, std::string_view why) {
  return http::testing::answer(status, "application/json",
                               fmt::format(R"({{"error":"{0}","message":"{0}"}})", why));
}

}  // namespace

FakeEtcd::FakeEtcd(async::testing::TestLoop& loop) : loop_(loop), transport_(loop) {
  transport_.set_handler([this](const http::Request& request) -> std::optional<http::testing::Answer> {
    const auto exchange = transport_.exchanges().back();
    transport_.forget_exchanges();
    if (down)
      return http::testing::failure(http::FailureKind::kConnect, "connection refused by " + request.url);
    loop_.schedule_after(delay(), [this, exchange] { receive(exchange); });
    return std::nullopt;
  });
}

std::shared_ptr<http::Client> FakeEtcd::client() {
  return *transport_.make_client({}, "etcd");
}

void FakeEtcd::receive(const http::testing::ExchangePtr& exchange) {
  const auto url = *http::parse_url(exchange->request.url);
  if (down || is_cut(url.host)) return;
  ++requests[url.path];
  Fields fields;
  const std::string body = body_of(exchange->request);
  json::Reader in(body);
  flatten(in, "", fields);
  const bool known = exchange->request.headers.get("Authorization") == token_;
  if (!user.empty() && url.path != "/v3/auth/authenticate" && !known) {
    if (exchange->open()) exchange->respond(refused(401, "etcdserver: invalid auth token"));
    return;
  }
  if (url.path == "/v3/watch") {
    if (!exchange->open()) return;
    exchange->send_part(fmt::format("{{\"result\":{{{},\"created\":true}}}}\n", header()));
    watches_.push_back({exchange, url.host, bytes(fields, "create_request.key")});
    return;
  }
  loop_.schedule_after(delay(), [this, exchange, host = url.host, answer = answer(url.path, fields)] {
    if (exchange->open() && !is_cut(host) && !down) exchange->respond(answer);
  });
}

http::testing::Answer FakeEtcd::answer(const std::string& path, const Fields& fields) {
  if (path == "/v3/auth/authenticate") {
    if (text(fields, "name") != user || text(fields, "password") != password)
      return refused(400, "etcdserver: authentication failed, invalid user ID or password");
    return ok(fmt::format(R"({{{},"token":"{}"}})", header(), token_));
  }
  if (path == "/v3/lease/grant") return ok(grant(*parse_int(text(fields, "TTL"))));
  if (path == "/v3/lease/keepalive") return ok(keep_alive(text(fields, "ID")));
  if (path == "/v3/kv/range") return ok(range(fields));
  if (path == "/v3/lease/revoke") {
    if (!leases_.contains(text(fields, "ID"))) return refused(404, "etcdserver: requested lease not found");
    end(text(fields, "ID"));
    return ok(fmt::format("{{{}}}", header()));
  }
  bool known_lease = true;
  std::string done = put_if(fields, known_lease);
  return known_lease ? ok(std::move(done)) : refused(404, "etcdserver: requested lease not found");
}

std::string FakeEtcd::header() const {
  return fmt::format(R"("header":{{"cluster_id":"14841639068965178418","revision":"{}"}})", revision_);
}

std::string FakeEtcd::grant(std::int64_t seconds) {
  const std::string lease = std::to_string(++last_lease_);
  leases_[lease] = {seconds, loop_.now() + std::chrono::seconds(seconds)};
  look_at(lease);
  return fmt::format(R"({{{},"ID":"{}","TTL":"{}"}})", header(), lease, seconds);
}

std::string FakeEtcd::keep_alive(const std::string& lease) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return fmt::format(R"({{"result":{{{},"ID":"{}"}}}})", header(), lease);
  found->second.end = loop_.now() + std::chrono::seconds(found->second.seconds);
  return fmt::format(R"({{"result":{{{},"ID":"{}","TTL":"{}"}}}})", header(), lease, found->second.seconds);
}

void FakeEtcd::look_at(const std::string& lease) {
  const auto found = leases_.find(lease);
  if (found == leases_.end()) return;
  if (found->second.end <= loop_.now()) return end(lease);
  loop_.schedule_at(found->second.end, [this, lease] { look_at(lease); });
}

void FakeEtcd::end(const std::string& lease) {
  leases_.erase(lease);
  ++revision_;
  for (const auto& key : keys()) {
    if (values_[key].lease != lease) continue;
    values_.erase(key);
    changed(key);
  }
}

std::string FakeEtcd::put_if(const Fields& fields, bool& known_lease) {
  const std::string key = bytes(fields, "compare.0.key");
  const auto found = values_.find(key);
  const bool created = text(fields, "compare.0.target") == "CREATE";
  const auto wanted =
      parse_int(text(fields, created ? "compare.0.create_revision" : "compare.0.mod_revision"));
  const std::int64_t is = found == values_.end() ? 0
                          : created              ? found->second.created
                                                 : found->second.changed;
  if (!wanted || *wanted != is) return fmt::format("{{{}}}", header());
  const std::string lease = text(fields, "success.0.request_put.lease");
  known_lease = lease.empty() || leases_.contains(lease);
  if (!known_lease) return {};
  ++revision_;
  values_[key] = {bytes(fields, "success.0.request_put.value"), lease,
                  is == 0 ? revision_ : values_[key].created, revision_};
  changed(key);
  return fmt::format(R"({{{},"succeeded":true}})", header());
}

std::string FakeEtcd::range(const Fields& fields) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : values_) {
    if (key < bytes(fields, "key") || key >= bytes(fields, "range_end")) continue;
    found.push_back(fmt::format(
        R"({{"key":"{}","create_revision":"{}","mod_revision":"{}","version":"1","value":"{}","lease":"{}"}})",
        to_base64(key), value.created, value.changed, to_base64(value.text), value.lease));
  }
  if (!stray_key.empty()) found.push_back(fmt::format(R"({{"key":"{}"}})", to_base64(stray_key)));
  return fmt::format(R"({{{},"kvs":[{}],"count":"{}"}})", header(), join(found, ","), found.size());
}

void FakeEtcd::changed(const std::string& key) {
  std::erase_if(watches_, [](const Watch& watch) { return !watch.exchange->open(); });
  for (const Watch& watch : watches_) {
    if (!key.starts_with(watch.prefix)) continue;
    loop_.schedule_after(
        delay(), [this, watch, line = fmt::format("{{\"result\":{{{},\"events\":[{{}}]}}}}\n", header())] {
          if (watch.exchange->open() && !is_cut(watch.host) && !down) watch.exchange->send_part(line);
        });
  }
}

void FakeEtcd::end_watches() {
  for (const Watch& watch : std::exchange(watches_, {})) {
    if (watch.exchange->open())
      watch.exchange->send_part("{\"result\":{\"canceled\":true,\"compact_revision\":\"9\"}}\n");
  }
}

void FakeEtcd::wipe() {
  values_.clear();
  leases_.clear();
  revision_ = 1;
  end_watches();
}

void FakeEtcd::put(const std::string& key, const std::string& value) {
  ++revision_;
  values_[key] = {value, "0", revision_, revision_};
  changed(key);
}

void FakeEtcd::remove(const std::string& key_prefix) {
  ++revision_;
  for (const auto& key : keys()) {
    if (!key.starts_with(key_prefix)) continue;
    values_.erase(key);
    changed(key);
  }
}

std::vector<std::string> FakeEtcd::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, value] : values_) out.push_back(key);
  return out;
}

}  // namespace invar::cluster_etcd::testing
