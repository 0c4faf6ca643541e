#include "http/testing/fake_transport.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "http/engine.h"
#include "http/failures.h"

namespace invar::http::testing {

Response answer(int status, std::string content_type, std::string body, Headers further) {
  Response response;
  response.status = status;
  response.status_line = std::to_string(status) + " " + std::string(status_text(status));
  response.headers = std::move(further);
  if (!content_type.empty()) response.headers.add("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

std::unexpected<Failure> failure(FailureKind kind, std::string message) {
  return std::unexpected(Failure{kind, std::move(message)});
}

std::string body_of(const Request& request) {
  return request.body_head + (request.body ? *request.body : std::string()) + request.body_tail;
}

void Exchange::respond(Answer answer) {
  INVAR_CHECK(open_, "an exchange is answered once");
  open_ = false;
  loop_->cancel(timer_);
  if (answer && answer->body.size() > request.max_body_bytes)
    answer = std::unexpected(body_too_large("the peer", request.max_body_bytes));
  if (answer && answer->url.empty()) answer->url = request.url;
  if (answer && request.on_body && is_streamed(answer->status)) {
    if (!head_told_) send_part(std::exchange(answer->body, {}), answer->status, answer->headers);
  }
  answer_ = std::move(answer);
  loop_->post([self = shared_from_this()] { self->go_on(); });
}

void Exchange::send_part(std::string part, int status, Headers headers) {
  INVAR_CHECK(request.on_body, "only a stream has parts");
  if (head_.status == 0) head_ = answer(status, "", "", std::move(headers));
  parts_.push_back(std::move(part));
  if (open_) watch_time();
  loop_->post([self = shared_from_this()] { self->go_on(); });
}

void Exchange::watch_time() {
  loop_->cancel(timer_);
  auto when = async::TimePoint::max();
  if (request.timeout != kNoTimeout) when = sent_at + request.timeout;
  if (request.idle_timeout != kNoTimeout) when = std::min(when, loop_->now() + request.idle_timeout);
  if (when == async::TimePoint::max()) return;
  timer_ = loop_->schedule_at(when, [self = shared_from_this()] {
    self->respond(failure(FailureKind::kTimeout, "no answer within the time limit"));
  });
}

void Exchange::go_on() {
  const auto here = [this] { return !paused_ && done_; };
  while (here() && !parts_.empty()) {
    const std::string part = std::move(parts_.front());
    parts_.pop_front();
    if (!std::exchange(head_told_, true) && request.on_head) request.on_head(head_);
    if (here() && !part.empty()) request.on_body(part);
  }
  if (!here() || !answer_) return;
  auto done = std::exchange(done_, nullptr);
  done(std::move(*std::exchange(answer_, std::nullopt)));
}

class FakeCall final : public Call {
 public:
  explicit FakeCall(ExchangePtr exchange) : exchange_(std::move(exchange)) {}
  ~FakeCall() override {
    exchange_->done_ = nullptr;
    if (!exchange_->open_) return;
    exchange_->open_ = false;
    exchange_->cancelled_ = true;
    exchange_->loop_->cancel(exchange_->timer_);
  }
  void pause() override { exchange_->paused_ = true; }
  void resume() override {
    exchange_->paused_ = false;
    exchange_->loop_->post([exchange = exchange_] { exchange->go_on(); });
  }

 private:
  ExchangePtr exchange_;
};

class FakeClient final : public Client {
 public:
  FakeClient(FakeTransport& transport, ClientConfig config, std::string dialer_name)
      : transport_(transport), config_(std::move(config)), dialer_name_(std::move(dialer_name)) {}
  std::unique_ptr<Call> send(Request request, Done done) override {
    return transport_.send(std::move(request), std::move(done), config_, dialer_name_);
  }

 private:
  FakeTransport& transport_;
  ClientConfig config_;
  std::string dialer_name_;
};

void FakeTransport::set_handler(Handler handler, Duration latency) {
  handler_ = std::move(handler);
  latency_ = latency;
}

std::size_t FakeTransport::in_flight() const {
  return static_cast<std::size_t>(std::ranges::count_if(exchanges_, [](const auto& e) { return e->open(); }));
}

Result<std::unique_ptr<Client>> FakeTransport::make_client(const ClientConfig& config,
                                                           const std::string& dialer_name) {
  if (client_error_) return std::unexpected(*std::exchange(client_error_, std::nullopt));
  ++clients_made_;
  return std::make_unique<FakeClient>(*this, config, dialer_name);
}

std::unique_ptr<Call> FakeTransport::send(Request request, Client::Done done, const ClientConfig& config,
                                          const std::string& dialer_name) {
  auto exchange = std::make_shared<Exchange>();
  exchange->request = std::move(request);
  exchange->config = config;
  exchange->dialer_name = dialer_name;
  exchange->sent_at = loop_.now();
  exchange->loop_ = &loop_;
  auto call = std::make_unique<FakeCall>(exchange);
  exchange->done_ = std::move(done);
  exchanges_.push_back(exchange);

  std::optional<Answer> ready;
  if (handler_) ready = handler_(exchange->request);
  if (!exchange->open_) return call;  // the handler answered by itself
  const bool in_time = ready && latency_ < exchange->request.timeout;
  if (in_time && latency_ <= Duration::zero()) {
    exchange->respond(std::move(*ready));
  } else if (in_time) {
    exchange->timer_ = loop_.schedule_after(
        latency_, [exchange, ready = std::move(*ready)]() mutable { exchange->respond(std::move(ready)); });
  } else {
    exchange->watch_time();
  }
  return call;
}

}  // namespace invar::http::testing
