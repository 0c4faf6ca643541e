#include "components/discovery/azure/token.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "component/json_fields.h"

namespace invar::components::discovery_azure {
namespace {

constexpr auto kTimeout = std::chrono::seconds(20);
constexpr UnixNanos kRenewBefore = 300'000'000'000;
constexpr std::uint64_t kLongestSeconds = 48 * 3600;

}  // namespace

IdentityToken::IdentityToken(async::Loop& loop, std::unique_ptr<http::Client> client, std::string client_id,
                             std::string audience)
    : loop_(loop),
      fetcher_(std::move(client)),
      client_id_(std::move(client_id)),
      audience_(std::move(audience)) {}

void IdentityToken::get(Done done) {
  if (!token_.empty() && loop_.unix_ns() < expires_unix_ns_ - kRenewBefore) return done(token_);
  http::Request request;
  request.url = fmt::format(
      "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}&client_id={}",
      http::query_escape(audience_ + "/"), http::query_escape(client_id_));
  request.headers.set("Metadata", "true");
  request.timeout = kTimeout;
  fetcher_.send(std::move(request), [this, done = std::move(done)](Result<http::Response> answer) mutable {
    if (!answer) return done(std::unexpected(answer.error().wrapped("managed identity")));
    const auto body = component::parse_answer(answer->body);
    token_ = body ? component::text_field(*body, "access_token") : "";
    if (token_.empty()) return done(fail(ErrorCode::kDataLoss, "managed identity: the answer has no token"));
    const auto seconds =
        std::min(parse_uint(component::text_field(*body, "expires_in")).value_or(0), kLongestSeconds);
    expires_unix_ns_ = loop_.unix_ns() + static_cast<UnixNanos>(seconds) * 1'000'000'000;
    done(token_);
  });
}

}  // namespace invar::components::discovery_azure
