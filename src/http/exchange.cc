#include "http/exchange.h"

#include <fmt/format.h>
#include <sys/un.h>

#include "base/build_info.h"
#include "base/strings.h"
#include "http/failures.h"
#include "http/idna.h"
#include "http/url.h"

namespace invar::http {
namespace {

constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

Failure credential_failure(const Error& error) {
  return {FailureKind::kCredentials, error.message};
}

std::vector<std::string> credential_files(const ClientConfig& config) {
  std::vector<std::string> out = {config.bearer_token_file};
  if (config.basic_auth) out.push_back(config.basic_auth->password_file);
  if (config.authorization) out.push_back(config.authorization->credentials_file);
  if (config.oauth2) out.push_back(config.oauth2->client_secret_file);
  std::erase(out, "");
  return out;
}

// "" when the configuration names no credentials of this kind.
Result<std::string> configured_authorization(const ClientConfig& config, const FileCache& files) {
  const auto secret = [&files](const std::string& file, const SecretText& text,
                               std::string_view what) -> Result<std::string> {
    if (file.empty()) return text.value;
    const auto content = files.found(file);
    if (!content) return std::unexpected(content.error().wrapped(what));
    const auto trimmed = trim_space(**content);
    if (trimmed.empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: unable to read file {}: the file is empty", what, file));
    }
    return std::string(trimmed);
  };
  constexpr std::string_view kCredentials = "unable to read authorization credentials";
  if (config.basic_auth) {
    INVAR_ASSIGN_OR_RETURN(const auto password,
                           secret(config.basic_auth->password_file, config.basic_auth->password,
                                  "unable to read basic auth password"));
    return "Basic " + to_base64(config.basic_auth->username + ":" + password);
  }
  if (config.authorization) {
    const Authorization& a = *config.authorization;
    INVAR_ASSIGN_OR_RETURN(const auto credentials, secret(a.credentials_file, a.credentials, kCredentials));
    const auto type = trim_space(a.type);
    return fmt::format("{} {}", type.empty() ? "Bearer" : type, credentials);
  }
  if (!config.bearer_token.value.empty() || !config.bearer_token_file.empty()) {
    INVAR_ASSIGN_OR_RETURN(const auto token,
                           secret(config.bearer_token_file, config.bearer_token, kCredentials));
    return "Bearer " + token;
  }
  return std::string();
}

bool is_content_header(std::string_view name) {
  return name.size() > 8 && equals_ignore_case(name.substr(0, 8), "Content-");
}

class ClientImpl final : public Client {
 public:
  explicit ClientImpl(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}

  std::unique_ptr<Call> send(Request request, Done done) override {
    auto exchange = std::make_unique<Exchange>(core_, std::move(request), std::move(done));
    exchange->begin();
    return exchange;
  }

 private:
  std::shared_ptr<ClientCore> core_;
};

}  // namespace

Result<std::unique_ptr<Client>> make_client(std::shared_ptr<TransportCore> transport,
                                            const ClientConfig& config, const std::string& dialer_name,
                                            bool accept_gzip, bool only_http2) {
  INVAR_ASSIGN_OR_RETURN(
      auto core, ClientCore::create(std::move(transport), config, dialer_name, accept_gzip, only_http2));
  return std::make_unique<ClientImpl>(std::move(core));
}

Result<std::shared_ptr<ClientCore>> ClientCore::create(std::shared_ptr<TransportCore> transport,
                                                       const ClientConfig& config,
                                                       const std::string& dialer_name, bool accept_gzip,
                                                       bool only_http2) {
  if (config.basic_auth) INVAR_TRY(validate(*config.basic_auth));
  if (config.authorization) INVAR_TRY(validate(*config.authorization));
  if (config.oauth2) {
    if (config.oauth2->tls) INVAR_TRY(validate(*config.oauth2->tls));
    INVAR_TRY(validate(*config.oauth2));
  }
  if (config.tls) INVAR_TRY(validate(*config.tls));
  INVAR_TRY(validate(config));

  std::shared_ptr<ClientCore> core(new ClientCore(std::move(transport), config));
  INVAR_ASSIGN_OR_RETURN(core->proxies, ProxyChooser::create(config.proxy, process_environment()));
  core->tls_ = std::make_unique<TlsSource>(config.tls.value_or(TlsConfig{}), core->transport->files);
  INVAR_ASSIGN_OR_RETURN(const auto material, core->tls_->load());
  core->files_ = credential_files(config);
  for (std::string& file : core->tls_->files()) core->files_.push_back(std::move(file));
  core->settings_ = {material, config.enable_http2, only_http2, accept_gzip, dialer_name};

  if (config.oauth2) {
    ClientConfig token_config;
    token_config.tls = config.oauth2->tls;
    token_config.proxy = config.oauth2->proxy;
    token_config.enable_http2 = false;
    INVAR_ASSIGN_OR_RETURN(auto client, make_client(core->transport, token_config, dialer_name, true));
    core->tokens = std::make_unique<TokenSource>(*core->transport->loop, *config.oauth2,
                                                 core->transport->files, std::move(client));
  }
  return core;
}

std::expected<std::shared_ptr<Pool>, Failure> ClientCore::pool(bool https) {
  if (https) {
    const auto material = tls_->current();
    if (!material) return std::unexpected(Failure{FailureKind::kTls, material.error().message});
    if (const std::string complaint = tls_->take_complaint(); !complaint.empty()) {
      transport->logger.error("new TLS files are not usable, the old ones stay in force",
                              {{"dialer", settings_.dialer_name}, {"err", complaint}});
    }
    if (*material != settings_.tls) {
      // Requests under way keep the old pool alive; its idle connections close with it.
      settings_.tls = *material;
      pool_.reset();
    }
  }
  if (!pool_) pool_ = transport->engine->make_pool(settings_);
  return pool_;
}

Exchange::Exchange(std::shared_ptr<ClientCore> client, Request request, Client::Done done)
    : client_(std::move(client)),
      request_(std::move(request)),
      done_(std::move(done)),
      method_(request_.method) {
  if (!request_.on_body) return;
  receivers_ = std::make_shared<Receivers>(std::move(request_.on_head), std::move(request_.on_body));
}

void Exchange::begin() {
  auto& transport = *client_->transport;
  began_ = last_sign_ = transport.loop->now();
  watch_time();
  auto url = parse_url(request_.url);
  if (url && url->scheme != "http" && url->scheme != "https") {
    url =
        fail(ErrorCode::kInvalidArgument, fmt::format("unsupported protocol scheme {}", quote(url->scheme)));
  }
  if (!url) {
    fail_later({FailureKind::kOther, "invalid URL: " + url.error().message});
    return;
  }
  if (request_.unix_socket.size() > kMaxSocketPath) {
    fail_later({FailureKind::kConnect, fmt::format("the path of the socket {} is longer than {} characters",
                                                   request_.unix_socket, kMaxSocketPath)});
    return;
  }
  url_ = *std::move(url);
  url_.host = to_ascii_host(url_.host);
  chain_.first_host = url_.host;
  next_attempt();
}

void Exchange::next_attempt() {
  waits_for_files_ = true;
  client_->transport->files->look(client_->files(), alive_.bind([this] {
    waits_for_files_ = false;
    authorize();
  }));
}

void Exchange::authorize() {
  if (client_->tokens && !chain_.crossed) {
    ask_for_token();
  } else {
    attempt_with("");
  }
}

void Exchange::ask_for_token() {
  waits_for_token_ = true;
  client_->tokens->get(request_.headers.get("User-Agent"),
                       alive_.bind([this](std::expected<std::string, Failure> authorization) {
                         waits_for_token_ = false;
                         if (!authorization) {
                           fail_later(std::move(authorization).error());
                         } else {
                           token_used_ = *authorization;
                           attempt_with(*authorization);
                         }
                       }));
}

std::expected<Headers, Failure> Exchange::build_headers(const std::string& oauth2_authorization) const {
  const ClientConfig& config = client_->config;
  const bool redirected = chain_.requests > 1;
  Headers headers;
  bool has_authorization = false;
  const auto add = [&](std::string name, std::string_view value) {
    if (chain_.crossed && is_sensitive_header(name)) return;
    has_authorization = has_authorization || equals_ignore_case(name, "Authorization");
    headers.add(std::move(name), std::string(value));
  };
  bool has_agent = false;
  bool has_referer = false;
  for (const auto& [name, value] : request_.headers) {
    if (!is_header_token(name) || !is_header_value(value)) {
      return std::unexpected(Failure{
          FailureKind::kOther,
          fmt::format("header {} cannot be sent: it holds a control character or is no token", quote(name))});
    }
    if (redirected && equals_ignore_case(name, "Host")) continue;
    if (!with_body_ && is_content_header(name)) continue;
    has_agent = has_agent || equals_ignore_case(name, "User-Agent");
    has_referer = has_referer || equals_ignore_case(name, "Referer");
    add(name, value);
  }
  if (!has_agent) add("User-Agent", user_agent());
  if (!referer_.empty() && !has_referer) add("Referer", referer_);
  if (const auto user = url_credentials(url_); user && !has_authorization) {
    add("Authorization", "Basic " + to_base64(user->first + ":" + user->second));
  }
  for (const auto& [name, values] : config.http_headers) {
    for (const auto& value : values) add(canonical_header_name(name), value.value);
  }
  if (chain_.crossed) return headers;
  if (!oauth2_authorization.empty()) {
    headers.set("Authorization", oauth2_authorization);
  } else if (!has_authorization) {
    const auto authorization = configured_authorization(config, *client_->transport->files);
    if (!authorization) return std::unexpected(credential_failure(authorization.error()));
    if (!is_header_value(*authorization)) {
      return std::unexpected(
          Failure{FailureKind::kCredentials, "the configured credentials hold a control character"});
    }
    if (!authorization->empty()) headers.add("Authorization", *authorization);
  }
  return headers;
}

void Exchange::attempt_with(const std::string& oauth2_authorization) {
  auto headers = build_headers(oauth2_authorization);
  if (!headers) return fail_later(std::move(headers).error());
  const auto& transport = client_->transport;
  std::string host_port = url_.host_port();
  if (!transport->peers.empty() && url_.scheme == "http") {
    if (const auto peer = transport->peers.find(to_lower_ascii(host_port)); peer != transport->peers.end()) {
      return ask_peer(peer->second, *std::move(headers));
    }
  }
  const bool tcp = request_.unix_socket.empty();
  auto proxy = tcp ? client_->proxies.choose(url_) : std::shared_ptr<const ProxyRoute>();
  if (!proxy) return fail_later({FailureKind::kProxy, proxy.error().message});
  const bool https = url_.scheme == "https";
  const bool uses_tls = https || (*proxy && (*proxy)->scheme == "https");
  auto pool = client_->pool(uses_tls);
  if (!pool) return fail_later(std::move(pool).error());

  Attempt attempt;
  attempt.method = method_;
  attempt.url = wire_url(url_);
  attempt.host = url_.host;
  attempt.host_port = tcp ? std::move(host_port) : "unix:" + request_.unix_socket;
  attempt.unix_socket = request_.unix_socket;
  attempt.https = https;
  attempt.headers = *std::move(headers);
  if (with_body_) {
    attempt.body_head = &request_.body_head;
    attempt.body = request_.body.get();
    attempt.body_tail = &request_.body_tail;
  }
  attempt.max_body_bytes = request_.max_body_bytes;
  attempt.expected_body_bytes = request_.expected_body_bytes;
  attempt.proxy = *std::move(proxy);
  attempt.stream = receivers_ ? this : nullptr;
  attempt.paused = paused_;
  transfer_ = transport->engine->start(*pool, std::move(attempt),
                                       [this](auto result) { on_result(std::move(result)); });
}

void Exchange::ask_peer(const InMemoryPeer& peer, Headers headers) {
  Request request;
  request.method = method_;
  request.url = wire_url(url_);
  request.headers = std::move(headers);
  if (with_body_) {
    request.body_head = request_.body_head;
    request.body = request_.body;
    request.body_tail = request_.body_tail;
  }
  request.timeout = request_.timeout;
  request.max_body_bytes = request_.max_body_bytes;
  client_->transport->loop->post(
      alive_.bind([this, handle = peer.handle, request = std::move(request)]() mutable {
        handle(std::move(request), alive_.bind([this](std::expected<Response, Failure> result) {
          const bool streamed = result && receivers_ && is_streamed(result->status);
          if (result && !streamed && result->body.size() > request_.max_body_bytes) {
            result = std::unexpected(body_too_large(url_.host_port(), request_.max_body_bytes));
          }
          // Never from inside send(): a peer may answer at once.
          client_->transport->loop->post(alive_.bind(
              [this, result = std::move(result)]() mutable { on_peer_result(std::move(result)); }));
        }));
      }));
}

// An in-process peer gives its answer whole; as a stream it is one part.
void Exchange::on_peer_result(std::expected<Response, Failure> result) {
  if (paused_) {
    held_ = std::move(result);
    return;
  }
  if (result && receivers_ && is_streamed(result->status)) {
    const std::string body = std::exchange(result->body, {});
    const auto alive = alive_.token();
    on_part(*result, body);
    if (alive.expired()) return;
  }
  on_result(std::move(result));
}

void Exchange::on_result(std::expected<Response, Failure> result) {
  if (!result) return finish(std::move(result));
  if (result->status == 401 && !token_used_.empty() && !token_retried_ && !chain_.crossed) {
    token_retried_ = true;
    client_->tokens->reject(token_used_);
    transfer_.reset();
    return next_attempt();
  }
  result->body_lost = !with_body_;
  // Less came than was expected or claimed; bodies may wait for long.
  if (result->body.capacity() > 2 * result->body.size()) result->body.shrink_to_fit();
  if (!client_->config.follow_redirects) return finish(std::move(result));
  auto hop = next_hop(chain_, url_, method_, result->status, result->headers.get("Location"));
  if (!hop) return finish(std::unexpected(std::move(hop).error()));
  if (!*hop) return finish(std::move(result));
  auto url = parse_url((*hop)->url);
  if (!url) return finish(std::unexpected(Failure{FailureKind::kRedirect, url.error().message}));
  url_ = *std::move(url);
  url_.host = to_ascii_host(url_.host);
  method_ = std::move((*hop)->method);
  with_body_ = with_body_ && (*hop)->keep_body;
  referer_ = std::move((*hop)->referer);
  transfer_.reset();
  next_attempt();
}

void Exchange::on_part(const Response& head, std::string_view bytes) {
  last_sign_ = client_->transport->loop->now();
  const auto alive = alive_.token();
  const auto receivers = receivers_;  // they may end this exchange
  if (!std::exchange(head_told_, true) && receivers->on_head) receivers->on_head(head);
  if (!alive.expired() && !bytes.empty()) receivers->on_body(bytes);
}

void Exchange::pause() {
  if (!receivers_ || std::exchange(paused_, true)) return;
  if (transfer_) transfer_->pause();
}

void Exchange::resume() {
  if (!std::exchange(paused_, false)) return;
  last_sign_ = client_->transport->loop->now();
  watch_time();
  if (transfer_) transfer_->resume();
  if (!held_) return;
  client_->transport->loop->post(alive_.bind([this] {
    if (held_) on_peer_result(std::move(*std::exchange(held_, std::nullopt)));
  }));
}

// One deadline for both limits. It is not moved at every sign of life: when it comes too early, it is set again.
void Exchange::watch_time() {
  auto when = async::TimePoint::max();
  if (request_.timeout != kNoTimeout) when = began_ + request_.timeout;
  if (request_.idle_timeout != kNoTimeout && !paused_) {
    when = std::min(when, last_sign_ + request_.idle_timeout);
  }
  if (when != async::TimePoint::max()) arm(*client_->transport->deadlines, when);
}

void Exchange::on_deadline() {
  const auto now = client_->transport->loop->now();
  const bool over = request_.timeout != kNoTimeout && now >= began_ + request_.timeout;
  const bool idle =
      request_.idle_timeout != kNoTimeout && !paused_ && now >= last_sign_ + request_.idle_timeout;
  if (!over && !idle) return watch_time();
  const std::string limit = format_duration(over ? request_.timeout : request_.idle_timeout);
  const std::string peer = request_.unix_socket.empty() ? url_.host_port() : "unix:" + request_.unix_socket;
  std::string message;
  if (waits_for_files_) {
    message = fmt::format("the files of the credentials could not be read within {}", limit);
  } else if (waits_for_token_) {
    message = fmt::format("the OAuth2 token server did not answer within {}", limit);
  } else if (!over && head_told_) {
    message = fmt::format("nothing came from {} for {}", peer, limit);
  } else {
    message =
        fmt::format("timed out after {} {} {}", limit, transfer_ ? transfer_->phase() : "waiting for", peer);
  }
  finish(std::unexpected(Failure{FailureKind::kTimeout, std::move(message)}));
}

void Exchange::fail_later(Failure failure) {
  client_->transport->loop->post(alive_.bind(
      [this, failure = std::move(failure)]() mutable { finish(std::unexpected(std::move(failure))); }));
}

void Exchange::finish(std::expected<Response, Failure> result) {
  disarm();
  transfer_.reset();
  alive_.end();
  auto done = std::move(done_);
  done(std::move(result));  // may destroy this exchange
}

}  // namespace invar::http
