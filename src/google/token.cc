#include "google/token.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "component/json_fields.h"

namespace invar::google {
namespace {

using component::text_field;

constexpr std::uint64_t kMostBytes = 1u << 20;
constexpr auto kTimeout = std::chrono::seconds(20);
constexpr UnixNanos kRenewBefore = 60'000'000'000;
constexpr std::uint64_t kLongestSeconds = 24 * 3600;

http::Request form_post(std::string url, std::string form) {
  http::Request request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body_head = std::move(form);
  return request;
}

// What asks for a token with a credentials file.
Result<http::Request> request_of(const syntax::Value& file, const std::string& scope, UnixNanos now) {
  const std::string kind = text_field(file, "type");
  if (kind == "service_account") {
    std::string url = text_field(file, "token_uri");
    if (url.empty()) url = "https://oauth2.googleapis.com/token";
    INVAR_ASSIGN_OR_RETURN(const std::string assertion,
                           sign_assertion({.issuer = text_field(file, "client_email"),
                                           .scope = scope,
                                           .audience = url,
                                           .key_id = text_field(file, "private_key_id"),
                                           .private_key_pem = text_field(file, "private_key")},
                                          now));
    return form_post(
        url, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + assertion);
  }
  if (kind == "authorized_user") {
    return form_post("https://oauth2.googleapis.com/token",
                     fmt::format("grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
                                 http::query_escape(text_field(file, "client_id")),
                                 http::query_escape(text_field(file, "client_secret")),
                                 http::query_escape(text_field(file, "refresh_token"))));
  }
  return fail(ErrorCode::kInvalidArgument, "credentials of the type " + quote(kind) + " cannot be used");
}

}  // namespace

Result<std::unique_ptr<TokenSource>> TokenSource::make(const component::Options& options, std::string scope,
                                                       Environment environment) {
  INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client({}, options.id));
  return std::unique_ptr<TokenSource>(
      new TokenSource(options, std::move(scope), std::move(environment), std::move(client)));
}

TokenSource::TokenSource(const component::Options& options, std::string scope, Environment environment,
                         std::unique_ptr<http::Client> client)
    : loop_(*options.loop),
      disk_pool_(*options.disk_pool),
      files_(options.files),
      scope_(std::move(scope)),
      environment_(std::move(environment)),
      fetcher_(std::move(client)) {}

void TokenSource::cancel() {
  run_.reset();
  fetcher_.cancel();
}

void TokenSource::get(Done done) {
  cancel();
  if (!token_.empty() && loop_.unix_ns() < expires_unix_ns_ - kRenewBefore) return done(token_);
  done_ = std::move(done);
  run_ = std::make_unique<async::Alive>();
  disk_pool_.run(
      [files = files_, environment = environment_]() -> Result<std::string> {
        if (const std::string named = environment("GOOGLE_APPLICATION_CREDENTIALS"); !named.empty())
          return files->read_file(named, kMostBytes);
        const std::string home = environment("HOME");
        auto text =
            files->read_file(home + "/.config/gcloud/application_default_credentials.json", kMostBytes);
        return text ? std::move(text) : Result<std::string>("");
      },
      run_->bind([this](Result<std::string> text) { with_file(std::move(text)); }));
}

void TokenSource::with_file(Result<std::string> text) {
  if (!text) return finish(std::unexpected(text.error()));
  if (!text->empty()) {
    const auto file = component::parse_answer(*text);
    if (!file) return finish(std::unexpected(file.error().wrapped("the credentials file")));
    auto request = request_of(*file, scope_, loop_.unix_ns());
    if (!request) return finish(std::unexpected(request.error()));
    return ask(*std::move(request));
  }
  std::string host = environment_("GCE_METADATA_HOST");
  if (host.empty()) host = "metadata.google.internal";
  http::Request request;
  request.url = fmt::format("http://{}/computeMetadata/v1/instance/service-accounts/default/token?scopes={}",
                            host, http::query_escape(scope_));
  request.headers.set("Metadata-Flavor", "Google");
  ask(std::move(request));
}

void TokenSource::ask(http::Request request) {
  request.timeout = kTimeout;
  fetcher_.send(std::move(request), run_->bind([this](Result<http::Response> answer) {
    if (!answer) return finish(std::unexpected(answer.error()));
    const auto body = component::parse_answer(answer->body);
    if (!body) return finish(std::unexpected(body.error()));
    token_ = text_field(*body, "access_token");
    if (token_.empty()) return finish(fail(ErrorCode::kDataLoss, "the answer has no token"));
    const auto seconds = std::min(parse_uint(text_field(*body, "expires_in")).value_or(0), kLongestSeconds);
    expires_unix_ns_ = loop_.unix_ns() + static_cast<UnixNanos>(seconds) * 1'000'000'000;
    finish(token_);
  }));
}

void TokenSource::finish(Result<std::string> token) {
  auto done = std::move(done_);
  if (!token) return done(std::unexpected(token.error().wrapped("Google credentials")));
  done(std::move(token));
}

}  // namespace invar::google
