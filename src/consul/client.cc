#include "consul/client.h"

#include "base/build_info.h"
#include "base/strings.h"
#include "component/fetcher.h"
#include "component/json_fields.h"
#include "component/url_rule.h"
#include "http/answer_body.h"

namespace invar::consul {
namespace {

struct Place {
  std::string base, unix_socket;
};

Place place_of(const Access& access) {
  std::string server = access.server;
  std::string scheme = access.scheme;
  if (server.starts_with("unix://")) return {"http://localhost", server.substr(7)};
  if (const auto at = server.find("://"); at != std::string::npos) {
    if (server.substr(0, at) == "https") scheme = "https";  // never less than was asked for
    server.erase(0, at + 3);
  }
  while (server.ends_with('/')) server.pop_back();
  return {scheme + "://" + server, ""};
}

}  // namespace

Result<> check(const Access& access) {
  const auto invalid = [](std::string text) { return fail(ErrorCode::kInvalidArgument, std::move(text)); };
  if (trim_space(access.server).empty()) return invalid("server must name the address of Consul");
  const bool half_a_scheme =
      access.server.starts_with("http") && !access.server.contains("://") && access.server.contains('/');
  if (half_a_scheme)
    if (const auto wrong = component::check_server_url(access.server, {.example = "http://consul:8500"}))
      return invalid("server: " + wrong->message);
  const auto at = access.server.find("://");
  const std::string prefix = at == std::string::npos ? "http" : access.server.substr(0, at);
  if (prefix == "unix") return {};
  if (prefix != "http" && prefix != "https")
    return invalid("unknown protocol scheme " + quote(prefix) + " in server");
  if (const auto wrong = component::check_server_url(place_of(access).base,
                                                     {.example = "localhost:8500", .query_allowed = false}))
    return invalid("server: " + wrong->message);
  return {};
}

void add_basic_auth(http::ClientConfig& client, const std::string& username,
                    const http::SecretText& password) {
  if (username.empty() && password.value.empty()) return;
  client.basic_auth = http::BasicAuth{.username = username, .password_file = {}, .password = password};
}

Client::Client(std::unique_ptr<http::Client> client, const Access& access)
    : access_(access), client_(std::move(client)) {
  Place place = place_of(access);
  base_ = std::move(place.base);
  unix_socket_ = std::move(place.unix_socket);
  shown_ = unix_socket_.empty() ? http::redact_url(base_) : unix_socket_;
}

std::unique_ptr<Client::Query> Client::get(const std::string& path, const Parameters& parameters,
                                           Duration timeout, Done done) {
  http::Request request;
  request.url = base_ + path;
  char separator = '?';
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    request.url += separator + std::string(name) + "=" + http::query_escape(value);
    separator = '&';
  };
  add("dc", access_.datacenter);
  add("ns", access_.space);
  add("partition", access_.partition);
  for (const auto& [name, value] : parameters) add(name, value);
  request.timeout = timeout;
  request.unix_socket = unix_socket_;
  request.headers = {{"Accept", "application/json"}, {"User-Agent", user_agent()}};
  if (!access_.token.value.empty()) request.headers.set("X-Consul-Token", access_.token.value);
  const std::string place = "Consul at " + shown_ + ", " + path;
  return std::make_unique<Query>(
      client_->send(std::move(request), [place, done = std::move(done)](auto answer) mutable {
        if (!answer) return done(fail(ErrorCode::kUnavailable, place + ": " + answer.error().message));
        if (const auto plain = http::unpack(*answer); !plain && answer->status == 200)
          return done(std::unexpected(plain.error().wrapped(place)));
        if (answer->status != 200)
          return done(fail(ErrorCode::kUnavailable, place + ": " + component::refusal_text(*answer)));
        auto body = component::parse_answer(answer->body);
        if (!body) return done(std::unexpected(body.error().wrapped(place)));
        done(Answer{*std::move(body), parse_uint(answer->headers.get("X-Consul-Index")).value_or(0)});
      }));
}

}  // namespace invar::consul
