#include "components/remote/http/component.h"

#include <memory>
#include <utility>

#include "base/build_info.h"
#include "base/strings.h"
#include "component/build.h"
#include "components/remote/http/arguments.h"

namespace invar::components::remote_http {
namespace {

using component::Boxed;

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;

// Polls one after another: a poll ends before the next is due, as its time limit is shorter.
class HttpComponent final : public component::Component {
 public:
  explicit HttpComponent(component::Options options) : options_(std::move(options)), timer_(*options_.loop) {}

  Result<> update(const Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    if (client_ && arguments == arguments_) return {};
    INVAR_ASSIGN_OR_RETURN(auto client, options_.http->make_client(arguments.client, options_.id));
    call_.reset();
    client_ = std::move(client);
    arguments_ = arguments;
    if (started_) poll();
    return {};
  }

  void start() override {
    started_ = true;
    poll();
  }

  void stop(async::Task done) override {
    started_ = false;
    timer_.cancel();
    call_.reset();
    done();
  }

  [[nodiscard]] std::optional<component::Health> health() const override { return health_; }

 private:
  void poll() {
    timer_.arm_after(arguments_.poll_frequency, [this] { poll(); });
    http::Request request;
    request.method = arguments_.method;
    request.url = arguments_.url;
    request.timeout = arguments_.poll_timeout;
    request.max_body_bytes = kMostBytes;
    request.headers = {{"User-Agent", user_agent()}};
    for (const auto& [name, value] : arguments_.headers) request.headers.set(name, value);
    request.body_head = arguments_.body;
    call_ =
        client_->send(std::move(request), alive_.bind([this](auto answer) { received(std::move(answer)); }));
  }

  void received(std::expected<http::Response, http::Failure> answer) {
    if (!answer) return failed("performing request: " + answer.error().message);
    if (answer->status != 200) return failed("unexpected status code " + answer->status_line);
    if (health_.state == component::HealthState::kUnhealthy) options_.logger.info("polling works again");
    health_ = {component::HealthState::kHealthy, "polled endpoint", options_.loop->unix_ns()};
    options_.set_exports(Boxed::of(exports_schema(), Exports{{.text = std::string(trim_space(answer->body)),
                                                              .secret = arguments_.is_secret}}));
  }

  void failed(const std::string& why) {
    const std::string message = "polling failed: " + why;
    if (message != health_.message)
      options_.logger.error("polling failed", {{"url", http::redact_url(arguments_.url)}, {"err", why}});
    health_ = {component::HealthState::kUnhealthy, message, options_.loop->unix_ns()};
  }

  component::Options options_;
  Arguments arguments_;
  bool started_ = false;
  component::Health health_{component::HealthState::kUnknown, "not polled yet", 0};
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Call> call_;  // before the client that made it is gone
  async::Timer timer_;
  async::Alive alive_;
};

constexpr const char* kDocumentation =
    R"(The URL must answer with status 200 and at most 64 MiB. The first poll begins when the component starts; the loading of the
configuration does not wait for it, so what refers to the content is evaluated with an empty one first and again when it is there.
While polling fails, and after a change of the arguments until the new URL has answered, the last content stays exported; the
component is unhealthy and says why.
)";

constexpr const char* kExample = R"(remote.http "token" {
  url       = "https://vault.example.com/token"
  is_secret = true

  client {
    bearer_token_file = "/var/run/secrets/vault-token"
  }
}

pyroscope.write "backend" {
  endpoint {
    url          = "http://127.0.0.1:4040"
    bearer_token = remote.http.token.content
  }
}
)";

}  // namespace

component::Registration registration() {
  return {
      .name = "remote.http",
      .summary = "Exports the text that a URL answers with.",
      .arguments = &arguments_schema(),
      .exports = &exports_schema(),
      .build = &component::build_by_update<HttpComponent>,
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::remote_http
