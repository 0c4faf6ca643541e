// A server's handler as an in-process peer: no socket, the same request and answer.
#include <algorithm>

#include "base/strings.h"
#include "http/response_head.h"
#include "http/server.h"
#include "http/url.h"

namespace invar::http {
namespace {

class MemoryResponder final : public Responder {
 public:
  MemoryResponder(Client::Done done, std::string url, bool head_only)
      : done_(std::move(done)), url_(std::move(url)), head_only_(head_only) {}
  ~MemoryResponder() override {
    if (done_)
      std::exchange(done_,
                    nullptr)(std::unexpected(Failure{FailureKind::kProtocol, "the handler gave no answer"}));
  }
  void send(ServerResponse response) override {
    if (!done_ || started_) return;
    response_ = std::move(response);
    deliver();
  }
  void start(ServerResponse head) override {
    if (!done_ || std::exchange(started_, true)) return;
    response_ = std::move(head);
    response_.body.clear();
  }
  void write(std::string chunk) override {
    if (done_ && started_) response_.body += chunk;
  }
  void finish() override {
    if (done_ && started_) deliver();
  }
  // Everything written is kept until finish(): a stream without end is cut by the caller's watch on the backlog.
  std::size_t backlog_bytes() const override { return started_ ? response_.body.size() : 0; }
  bool alive() const override { return static_cast<bool>(done_); }
  // Takes everything and stays: the one who asks learns of the end alone.
  void on_change(Changed) override {}

 private:
  void deliver() {
    Response response;
    response.status = response_.status;
    response.status_line =
        std::to_string(response_.status) + " " + std::string(status_text(response_.status));
    response.headers = std::move(response_.headers);
    if (!head_only_) response.body = std::move(response_.body);
    response.url = std::move(url_);
    std::exchange(done_, nullptr)(std::move(response));
  }

  Client::Done done_;
  std::string url_;
  bool head_only_;
  bool started_ = false;
  ServerResponse response_;
};

}  // namespace

InMemoryPeer make_memory_peer(std::string host_port, Handler handler) {
  auto shared = std::make_shared<const Handler>(std::move(handler));
  return {std::move(host_port), [shared](Request request, Client::Done done) {
            const auto url = parse_url(request.url);
            if (!url) {
              done(std::unexpected(Failure{FailureKind::kOther, "invalid URL: " + url.error().message}));
              return;
            }
            ServerRequest asked;
            asked.method = request.method;
            asked.target =
                (url->path.empty() ? "/" : url->path) + (url->query.empty() ? "" : "?" + url->query);
            asked.path = clean_path(url->path.empty() ? "/" : url->path);
            asked.query = url->query;
            asked.headers = std::move(request.headers);
            asked.body = std::move(request.body_head);
            if (request.body) asked.body += *request.body;
            asked.body += request.body_tail;
            asked.peer = "memory";
            const bool head_only = request.method == "HEAD";
            (*shared)(std::move(asked),
                      std::make_shared<MemoryResponder>(std::move(done), request.url, head_only));
          }};
}

}  // namespace invar::http
