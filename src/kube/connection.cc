#include "kube/connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace invar::kube {
namespace {

constexpr UnixNanos kRenewBefore = 30'000'000'000;
constexpr std::size_t kMaxShown = 200;

// What a plugin says on its way down: its last line, shortened.
std::string last_words(std::string_view text) {
  text = trim_space(text);
  if (const auto line = text.rfind('\n'); line != std::string_view::npos) text.remove_prefix(line + 1);
  return quote(text.substr(0, kMaxShown));
}

}  // namespace

class Connection::Sending final : public http::Call {
 public:
  Sending(Connection& connection, std::string path, http::Request request, http::Client::Done done)
      : connection_(&connection),
        path_(std::move(path)),
        request_(std::move(request)),
        done_(std::move(done)) {}
  ~Sending() override {
    if (waits_) std::erase(connection_->waiting_, this);
  }
  void pause() override {
    paused_ = true;
    if (call_) call_->pause();
  }
  void resume() override {
    paused_ = false;
    if (call_) call_->resume();
  }

  void wait() {
    waits_ = true;
    connection_->waiting_.push_back(this);
  }
  void go(const std::string& url, http::Client& client, http::Client::Done done) {
    waits_ = false;
    request_.url = url + path_;
    call_ = client.send(std::move(request_), std::move(done));
    if (paused_) call_->pause();
  }
  void fail(const Error& error) {
    waits_ = false;
    finish(std::unexpected(http::Failure{http::FailureKind::kCredentials, error.message}));
  }
  void orphan() { waits_ = false; }
  void finish(std::expected<http::Response, http::Failure> result) {
    auto done = std::move(done_);
    done(std::move(result));
  }

 private:
  Connection* connection_;
  std::string path_;
  http::Request request_;
  http::Client::Done done_;
  bool waits_ = false;
  bool paused_ = false;
  std::unique_ptr<http::Call> call_;
};

Connection::Connection(Host host, ServerPlace place) : host_(std::move(host)), place_(std::move(place)) {}

Connection::~Connection() {
  for (Sending* sending : waiting_) sending->orphan();
}

std::unique_ptr<http::Call> Connection::send(std::string path, http::Request request,
                                             http::Client::Done done) {
  if (expires_unix_ns_ != 0 && host_.loop->unix_ns() >= expires_unix_ns_ - kRenewBefore) ready_ = false;
  auto sending = std::make_unique<Sending>(*this, std::move(path), std::move(request), std::move(done));
  if (ready_) {
    go(*sending);
  } else {
    sending->wait();
    open();
  }
  return sending;
}

void Connection::go(Sending& sending) {
  // The client stays until its last call has ended.
  sending.go(config_.url, *client_, alive_.bind([this, client = client_, &sending](auto response) mutable {
    if (response && response->status == 401) ready_ = false;
    sending.finish(std::move(response));
  }));
}

void Connection::open() {
  if (std::exchange(opening_, true)) return;
  host_.disk_pool->run([place = place_, files = host_.files,
                        environment = host_.environment] { return load(place, *files, environment); },
                       alive_.bind([this](Result<ServerConfig> config) { loaded(std::move(config)); }));
}

void Connection::loaded(Result<ServerConfig> config) {
  if (!config) return opened(std::unexpected(std::move(config).error()));
  config_ = *std::move(config);
  expires_unix_ns_ = 0;
  if (config_.exec) {
    run_plugin();
  } else {
    connect();
  }
}

void Connection::run_plugin() {
  async::Process::Options options;
  options.arguments = config_.exec->arguments;
  options.environment = config_.exec->environment;
  plugin_ = async::Process::run(*host_.loop, std::move(options),
                                alive_.bind([this](auto result) { plugin_ended(std::move(result)); }));
}

void Connection::plugin_ended(Result<async::Process::Output> result) {
  const std::string name = "the exec plugin " + quote(config_.exec->arguments[0]);
  if (!result) return opened(std::unexpected(result.error().wrapped(name)));
  if (result->exit_code != 0) {
    return opened(fail(ErrorCode::kUnavailable, fmt::format("{} failed with code {}: {}", name,
                                                            result->exit_code, last_words(result->err))));
  }
  auto credential = parse_exec_credential(result->out);
  if (!credential) return opened(std::unexpected(credential.error().wrapped(name)));
  http::ClientConfig& client = config_.client;
  if (!credential->token.value.empty()) {
    client.basic_auth.reset();
    client.authorization = http::Authorization{"Bearer", "", std::move(credential->token)};
  }
  if (!credential->certificate_pem.empty()) {
    client.tls->cert_pem = std::move(credential->certificate_pem);
    client.tls->key_pem = std::move(credential->key_pem);
    client.tls->cert_file.clear();
    client.tls->key_file.clear();
  }
  expires_unix_ns_ = credential->expires_unix_ns;
  connect();
}

void Connection::connect() {
  auto client = host_.http->make_client(config_.client, "kubernetes");
  if (!client) return opened(std::unexpected(client.error()));
  client_ = *std::move(client);
  opened({});
}

void Connection::opened(Result<> result) {
  opening_ = false;
  ready_ = result.has_value();
  // Each of them may drop itself and others.
  for (std::size_t n = waiting_.size(); n > 0 && !waiting_.empty(); --n) {
    Sending& sending = *waiting_.front();
    waiting_.pop_front();
    if (result) {
      go(sending);
    } else {
      sending.fail(result.error());
    }
  }
}

}  // namespace invar::kube
