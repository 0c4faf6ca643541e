// FakeTransport: an http::Transport without a network. Requests are recorded, and answered by a handler or by the test, on the loop
// (also a TestLoop, in virtual time). Timeouts and cancelled calls behave as the real ones.
// Shape:    transport->set_handler([](const Request& r) { return answer(503, "text/plain", "busy"); });
//           or transport->exchanges().back()->respond(answer(200, "application/proto", ""));
// Threads:  loop thread only.
// Lifetime: outlives its clients; the exchanges may outlive both.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/client.h"

namespace invar::http::testing {

using Answer = std::expected<Response, Failure>;

// A response with a status line and a Content-Type ("" for none).
Response answer(int status, std::string content_type, std::string body, Headers further = {});
std::unexpected<Failure> failure(FailureKind kind, std::string message);

// The bytes that a request sends: head, body and tail joined.
std::string body_of(const Request& request);

// One request and what became of it.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Request request;
  ClientConfig config;  // of the client that sent it
  std::string dialer_name;
  async::TimePoint sent_at;

  [[nodiscard]] bool open() const { return open_; }            // neither answered nor cancelled
  [[nodiscard]] bool cancelled() const { return cancelled_; }  // the Call was dropped first
  void respond(Answer answer);  // once, while open; `done` runs later on the loop
  // Of a request with on_body, while open: the next part of its answer, handed over later on the loop.
  void send_part(std::string part, int status = 200, Headers headers = {});
  [[nodiscard]] bool paused() const { return paused_; }

 private:
  void go_on();
  void watch_time();

  friend class FakeTransport;
  friend class FakeClient;
  friend class FakeCall;
  async::Loop* loop_ = nullptr;
  Client::Done done_;
  bool open_ = true, cancelled_ = false, paused_ = false, head_told_ = false;
  Response head_;
  std::deque<std::string> parts_;
  std::optional<Answer> answer_;
  async::Loop::TimerId timer_ = 0;
};
using ExchangePtr = std::shared_ptr<Exchange>;

class FakeTransport final : public Transport {
 public:
  // nullopt leaves the exchange open for the test.
  using Handler = std::function<std::optional<Answer>(const Request&)>;

  explicit FakeTransport(async::Loop& loop) : loop_(loop) {}

  void set_handler(Handler handler, Duration latency = Duration::zero());
  void fail_next_client(Error error) { client_error_ = std::move(error); }

  [[nodiscard]] const std::deque<ExchangePtr>& exchanges() const { return exchanges_; }
  [[nodiscard]] std::size_t in_flight() const;  // open exchanges
  [[nodiscard]] std::size_t clients_made() const { return clients_made_; }
  void forget_exchanges() { exchanges_.clear(); }

  Result<std::unique_ptr<Client>> make_client(const ClientConfig& config,
                                              const std::string& dialer_name) override;
  void add_peer(InMemoryPeer) override {}

 private:
  friend class FakeClient;
  std::unique_ptr<Call> send(Request request, Client::Done done, const ClientConfig& config,
                             const std::string& dialer_name);

  async::Loop& loop_;
  Handler handler_;
  Duration latency_{0};
  std::optional<Error> client_error_;
  std::deque<ExchangePtr> exchanges_;
  std::size_t clients_made_ = 0;
};

}  // namespace invar::http::testing
