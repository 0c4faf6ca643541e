#include "http/testing/fake_network.h"

#include "base/check.h"

namespace invar::http::testing {

struct FakeNetwork::State {
  struct Listening {
    ServerOptions options;
    Handler handler;
  };
  std::map<std::string, Listening> by_address;
};

class FakeNetwork::FakeServer final : public Server {
 public:
  FakeServer(std::shared_ptr<State> state, std::string address)
      : state_(std::move(state)), address_(std::move(address)) {}
  ~FakeServer() override { close_listener(); }
  std::string address() const override { return address_; }
  void set_security(std::optional<ServerTls> tls, std::optional<ServerAuth> auth) override {
    state_->by_address[address_].options.tls = std::move(tls);
    state_->by_address[address_].options.auth = std::move(auth);
  }
  Result<> reconfigure(ServerOptions options) override {
    state_->by_address[address_].options = std::move(options);
    return {};
  }
  void close_listener() override {
    if (std::exchange(open_, false)) state_->by_address.erase(address_);
  }
  std::size_t connections() const override { return 0; }

 private:
  std::shared_ptr<State> state_;
  std::string address_;
  bool open_ = true;
};

namespace {

class FakeResponder final : public Responder {
 public:
  explicit FakeResponder(std::shared_ptr<std::optional<ServerResponse>> out) : out_(std::move(out)) {}
  ~FakeResponder() override {
    if (!*out_) send({0, {}, ""});
  }
  void send(ServerResponse response) override { out_->emplace(std::move(response)); }
  void start(ServerResponse head) override { send(std::move(head)); }
  void write(std::string chunk) override { (*out_)->body += chunk; }
  void finish() override {}
  std::size_t backlog_bytes() const override { return 0; }
  bool alive() const override { return true; }
  void on_change(Changed) override {}

 private:
  std::shared_ptr<std::optional<ServerResponse>> out_;
};

}  // namespace

std::shared_ptr<FakeNetwork::State> FakeNetwork::make_state() {
  return std::make_shared<State>();
}

Listen FakeNetwork::listen() const {
  return [state = state_](const log::Logger&, ServerOptions options,
                          Handler handler) -> Result<std::unique_ptr<Server>> {
    const std::string address = options.listen_address;
    if (!state->by_address.try_emplace(address, State::Listening{std::move(options), std::move(handler)})
             .second)
      return fail(ErrorCode::kUnavailable, "failed to listen on " + address + ": address already in use");
    return std::make_unique<FakeServer>(state, address);
  };
}

std::map<std::string, ServerOptions> FakeNetwork::listening() const {
  std::map<std::string, ServerOptions> out;
  for (const auto& [address, listening] : state_->by_address) out.emplace(address, listening.options);
  return out;
}

std::shared_ptr<std::optional<ServerResponse>> FakeNetwork::send(const std::string& address,
                                                                 ServerRequest request) const {
  const auto found = state_->by_address.find(address);
  INVAR_CHECK(found != state_->by_address.end(), "nobody listens on " + address);
  auto out = std::make_shared<std::optional<ServerResponse>>();
  if (request.path.empty()) request.path = request.target.substr(0, request.target.find('?'));
  if (const auto question = request.target.find('?'); question != std::string::npos)
    request.query = request.target.substr(question + 1);
  found->second.handler(std::move(request), std::make_shared<FakeResponder>(out));
  return out;
}

}  // namespace invar::http::testing
