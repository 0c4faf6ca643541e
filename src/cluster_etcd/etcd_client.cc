#include "cluster_etcd/etcd_client.h"

#include <fmt/format.h>

#include <utility>

#include "cluster_etcd/messages.h"

namespace invar::cluster_etcd {
namespace {

constexpr std::uint64_t kLargestAnswer = std::uint64_t{16} << 20;

// What etcd says about an answer that is no 200.
Error refusal(const http::Response& response) {
  const std::string sentence = error_sentence(response.body);
  const auto code = response.status == 401 || response.status == 403 ? ErrorCode::kPermissionDenied
                                                                     : ErrorCode::kUnavailable;
  return {code, sentence.empty() ? response.status_line : sentence};
}

}  // namespace

EtcdClient::EtcdClient(async::Loop& loop, std::shared_ptr<http::Client> client, Config config,
                       metrics::Scope& metrics)
    : loop_(loop),
      client_(std::move(client)),
      config_(std::move(config)),
      requests_(metrics.counter("cluster_etcd_requests_total", "Requests to etcd.")),
      failures_(metrics.counter("cluster_etcd_requests_failed_total",
                                "Requests that etcd did not answer or refused.")) {}

void EtcdClient::call(const std::string& path, std::string body, Answer done) {
  if (config_.user.empty() || !token_.empty()) return send(path, std::move(body), std::move(done));
  log_in([this, path, body = std::move(body), done = std::move(done)](Result<std::string> answer) mutable {
    if (!answer) return done(std::unexpected(std::move(answer).error().wrapped("login")));
    auto token = read_token(*answer);
    if (!token) return done(std::unexpected(std::move(token).error()));
    token_ = *std::move(token);
    send(path, std::move(body), std::move(done));
  });
}

void EtcdClient::log_in(Answer done) {
  send("/v3/auth/authenticate", login_request(config_.user, config_.password.value), std::move(done));
}

http::Request EtcdClient::request(const std::string& path, std::string body) const {
  http::Request request;
  request.method = "POST";
  request.url = config_.endpoints[endpoint_] + path;
  request.headers.add("Content-Type", "application/json");
  if (!token_.empty()) request.headers.add("Authorization", token_);
  request.body = share(std::move(body));
  return request;
}

void EtcdClient::send(const std::string& path, std::string body, Answer done) {
  http::Request asked = request(path, std::move(body));
  asked.timeout = config_.timeout;
  asked.max_body_bytes = kLargestAnswer;
  requests_.add();
  const std::uint64_t id = ++last_call_;
  calls_[id] = client_->send(std::move(asked),
                             alive_.bind([this, id, done = std::move(done)](
                                             std::expected<http::Response, http::Failure> answer) mutable {
                               const auto ended = calls_.extract(id);
                               if (answer && answer->status == 200) return done(std::move(answer->body));
                               done(std::unexpected(failed(answer)));
                             }));
}

// Another endpoint may answer better; and a token may be the reason of a refusal, which etcd tells in several ways.
Error EtcdClient::failed(const std::expected<http::Response, http::Failure>& answer) {
  failures_.add();
  const Error error = answer ? refusal(*answer) : Error{ErrorCode::kUnavailable, answer.error().message};
  Error named = error.wrapped(http::redact_url(config_.endpoints[endpoint_]));
  if (answer && answer->status < 500) {
    token_.clear();
  } else {
    endpoint_ = (endpoint_ + 1) % config_.endpoints.size();
    watch_.reset();
  }
  return named;
}

void EtcdClient::watch(std::string body, std::function<void(bool)> heard, std::function<void(Error)> over) {
  http::Request asked = request("/v3/watch", std::move(body));
  asked.timeout = http::kNoTimeout;
  stream_ = {};
  requests_.add();
  const std::uint64_t id = watch_id_ = ++last_call_;
  // Not from inside of the call that ends by it.
  const auto end = [this, id, over = std::move(over)](const Error& error) {
    loop_.post(alive_.bind([this, id, over, error] {
      if (id != watch_id_ || !watch_) return;
      watch_.reset();
      over(error);
    }));
  };
  asked.on_body = alive_.bind([this, heard = std::move(heard), end](std::string_view part) {
    const auto changed = stream_.feed(part);
    if (!changed) return end(changed.error());
    heard(*changed);
  });
  watch_ = client_->send(std::move(asked),
                         alive_.bind([end](const std::expected<http::Response, http::Failure>& answer) {
                           if (!answer) return end({ErrorCode::kUnavailable, answer.error().message});
                           end(answer->status == 200 ? Error{ErrorCode::kUnavailable, "etcd ended the watch"}
                                                     : refusal(*answer));
                         }));
}

}  // namespace invar::cluster_etcd
