#include "components/remote/http/component.h"

#include <memory>
#include <utility>

#include "base/build_info.h"
#include "base/strings.h"
#include "component/build.h"
#include "component/polled_export.h"
#include "components/remote/http/arguments.h"
#include "http/answer_body.h"

namespace invar::components::remote_http {
namespace {

using component::Boxed;

constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;

class HttpComponent final : public component::PolledExport {
 public:
  explicit HttpComponent(component::Options made_with)
      : PolledExport(std::move(made_with), "polled endpoint") {}

 private:
  Result<Duration> configure(const Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    INVAR_ASSIGN_OR_RETURN(auto client, options().http->make_client(arguments.client, options().id));
    call_.reset();
    client_ = std::move(client);
    arguments_ = arguments;
    return arguments_.poll_frequency;
  }

  void ask(Done done) override {
    http::Request request;
    request.method = arguments_.method;
    request.url = arguments_.url;
    request.timeout = arguments_.timeout();
    request.max_body_bytes = kMostBytes;
    request.headers = {{"User-Agent", user_agent()}};
    for (const auto& [name, value] : arguments_.headers) request.headers.set(name, value);
    request.body_head = arguments_.body;
    call_ = client_->send(
        std::move(request),
        alive_.bind([this, done = std::move(done)](auto answer) mutable { done(read(std::move(answer))); }));
  }

  void drop() override { call_.reset(); }

  Result<Boxed> read(std::expected<http::Response, http::Failure> answer) const {
    if (!answer) return fail(ErrorCode::kUnavailable, "performing request: " + answer.error().message);
    if (answer->status != 200)
      return fail(ErrorCode::kUnavailable,
                  "unexpected status code " + answer->status_line + http::what_it_says(*answer));
    INVAR_ASSIGN_OR_RETURN(const std::string content, http::plain_body(*std::move(answer), kMostBytes));
    return Boxed::of(exports_schema(),
                     Exports{{.text = std::string(trim_space(content)), .secret = arguments_.is_secret}});
  }

  Arguments arguments_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Call> call_;  // before the client that made it is gone
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
      .arguments = &arguments_schema,
      .exports = &exports_schema,
      .build = &component::build_by_update<HttpComponent>,
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::remote_http
