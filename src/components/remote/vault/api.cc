#include "components/remote/vault/api.h"

#include <fmt/format.h>

#include "base/build_info.h"
#include "component/fetcher.h"
#include "component/json_fields.h"
#include "http/answer_body.h"

namespace invar::components::remote_vault {
namespace {

constexpr std::uint64_t kMostBytes = 16u << 20;

std::string without_last_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// {"errors": ["permission denied"]}
std::string why(const http::Response& response) {
  std::string said;
  if (const auto answer = component::parse_answer(response.body)) {
    for (const auto& error : component::items_of(component::field(*answer, "errors")))
      said += (said.empty() ? "" : "; ") + component::text_of(error);
  }
  return said.empty() ? component::refusal_text(response) : response.status_line + ": " + said;
}

}  // namespace

Api::Api(async::Loop& loop, std::unique_ptr<http::Client> client, const Arguments& arguments)
    : server_(without_last_slash(arguments.server)),
      space_(arguments.space),
      options_(arguments.client_options),
      client_(std::move(client)),
      retry_(loop) {}

void Api::send(Call call, Done done) {
  cancel();
  asked_ = std::move(call);
  done_ = std::move(done);
  attempts_ = 0;
  attempt();
}

void Api::cancel() {
  call_.reset();
  retry_.cancel();
}

void Api::attempt() {
  ++attempts_;
  http::Request request;
  request.method = asked_.method;
  request.url = fmt::format("{}/v1/{}", server_, asked_.path);
  request.timeout = options_.timeout;
  request.max_body_bytes = kMostBytes;
  request.body_head = asked_.body;
  request.headers = {
      {"Accept", "application/json"}, {"User-Agent", user_agent()}, {"X-Vault-Request", "true"}};
  if (!asked_.body.empty()) request.headers.set("Content-Type", "application/json");
  if (!asked_.token.empty()) request.headers.set("X-Vault-Token", asked_.token);
  const std::string& space = asked_.space.empty() ? space_ : asked_.space;
  if (!space.empty()) request.headers.set("X-Vault-Namespace", space);
  call_ =
      client_->send(std::move(request), alive_.bind([this](auto answer) { received(std::move(answer)); }));
}

void Api::received(std::expected<http::Response, http::Failure> answer) {
  const int status = answer ? answer->status : 0;
  if (answer)
    (void)http::unpack(*answer, kMostBytes);  // one that stays packed is no JSON, and told as what it is
  if (status == 200 || status == 204) {
    if (answer->body.empty()) return finish(syntax::Value());
    auto body = component::parse_answer(answer->body);
    if (body) return finish(*std::move(body));
    return finish(std::unexpected(
        Refusal{body.error().wrapped(fmt::format("Vault at {}, {}", http::redact_url(server_), asked_.path)),
                status}));
  }
  const bool may_pass = status == 0 || status == 412 || status == 429 || status >= 500;
  if (may_pass && attempts_ <= options_.max_retries) {
    const Duration more = options_.longest_wait() - options_.min_retry_wait;
    const auto of = static_cast<Duration::rep>(std::max<std::uint64_t>(options_.max_retries, 1));
    retry_.arm_after(options_.min_retry_wait + more * (static_cast<Duration::rep>(attempts_) - 1) / of,
                     [this] { attempt(); });
    return;
  }
  finish(
      std::unexpected(Refusal{{ErrorCode::kUnavailable,
                               fmt::format("Vault at {}, {} {}: {}", http::redact_url(server_), asked_.method,
                                           asked_.path, answer ? why(*answer) : answer.error().message)},
                              status}));
}

void Api::finish(std::expected<syntax::Value, Refusal> result) {
  auto done = std::move(done_);
  done(std::move(result));
}

}  // namespace invar::components::remote_vault
