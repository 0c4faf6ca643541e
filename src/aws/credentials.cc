#include "aws/credentials.h"

#include <fmt/format.h>

#include "aws/xml.h"
#include "base/strings.h"
#include "component/json_fields.h"

namespace invar::aws {
namespace {

using component::field;
using component::text_field;

constexpr auto kTimeout = std::chrono::seconds(20);
constexpr auto kMetadataTimeout = std::chrono::seconds(5);
constexpr UnixNanos kRenewBefore = 300'000'000'000;

Result<Credentials> read_credentials(const syntax::Value& object, std::string_view id,
                                     std::string_view token) {
  Credentials credentials{.access_key = text_field(object, id),
                          .secret_key = {text_field(object, "SecretAccessKey")},
                          .session_token = {text_field(object, token)},
                          .expires_unix_ns = 0};
  if (credentials.access_key.empty() || credentials.secret_key.value.empty())
    return fail(ErrorCode::kDataLoss, "the answer has no credentials");
  if (const std::string expires = text_field(object, "Expiration"); !expires.empty()) {
    INVAR_ASSIGN_OR_RETURN(credentials.expires_unix_ns, parse_rfc3339(expires));
  }
  return credentials;
}

}  // namespace

Result<std::unique_ptr<CredentialSource>> CredentialSource::make(const component::Options& options,
                                                                 Identity identity,
                                                                 const http::ClientConfig& sts,
                                                                 Environment environment) {
  INVAR_ASSIGN_OR_RETURN(auto sts_client, options.http->make_client(sts, options.id));
  INVAR_ASSIGN_OR_RETURN(auto metadata, options.http->make_client({}, options.id));
  return std::unique_ptr<CredentialSource>(new CredentialSource(
      options, std::move(identity), std::move(sts_client), std::move(metadata), std::move(environment)));
}

CredentialSource::CredentialSource(const component::Options& options, Identity identity,
                                   std::unique_ptr<http::Client> sts, std::unique_ptr<http::Client> metadata,
                                   Environment environment)
    : loop_(*options.loop),
      disk_pool_(*options.disk_pool),
      files_(options.files),
      identity_(std::move(identity)),
      environment_(std::move(environment)),
      sts_(std::move(sts)),
      metadata_(std::move(metadata)) {}

void CredentialSource::get(Done done) {
  cancel();
  const UnixNanos expires = given_ ? given_->credentials.expires_unix_ns : 0;
  if (given_ && (expires == 0 || loop_.unix_ns() < expires - kRenewBefore)) return done(*given_);
  done_ = std::move(done);
  run_ = std::make_unique<async::Alive>();
  disk_pool_.run([identity = identity_, files = files_,
                  environment = environment_] { return settle(identity, *files, environment); },
                 run_->bind([this](Result<Settled> result) { settled(std::move(result)); }));
}

void CredentialSource::cancel() {
  run_.reset();
  sts_.cancel();
  metadata_.cancel();
}

void CredentialSource::fail_with(Error error) {
  auto done = std::move(done_);
  done(std::unexpected(error.wrapped("AWS credentials")));
}

void CredentialSource::ask(component::Fetcher& fetcher, http::Request request, Then then) {
  fetcher.send(std::move(request), run_->bind([this, then = std::move(then)](auto answer) mutable {
    if (!answer) return fail_with(answer.error());
    then(*answer);
  }));
}

// ---- where the keys come from

void CredentialSource::settled(Result<Settled> result) {
  if (!result) return fail_with(result.error());
  settled_ = *std::move(result);
  if (settled_.keys) {
    working_ = *settled_.keys;
    return with_keys();
  }
  if (settled_.web_identity) {
    return ask_sts(fmt::format("RoleArn={}&RoleSessionName=invar&WebIdentityToken={}",
                               http::query_escape(settled_.web_identity->role_arn),
                               http::query_escape(settled_.web_identity->token)),
                   false, "AssumeRoleWithWebIdentity", [this] { with_keys(); });
  }
  if (settled_.container) return ask_container();
  metadata_token([this] { metadata_role(); });
}

void CredentialSource::metadata_token(std::move_only_function<void()> then) {
  http::Request request;
  request.method = "PUT";
  request.url = settled_.metadata_endpoint + "/latest/api/token";
  request.headers.set("X-aws-ec2-metadata-token-ttl-seconds", "300");
  request.timeout = kMetadataTimeout;
  metadata_.send(std::move(request), run_->bind([this, then = std::move(then)](auto answer) mutable {
    if (!answer) {
      return fail_with(answer.error().wrapped(
          "neither the arguments nor the environment nor the shared files say them or their region, and the "
          "instance's metadata service does not"));
    }
    metadata_token_ = trim_space(answer->body);
    then();
  }));
}

void CredentialSource::ask_metadata(const std::string& path, Then then) {
  http::Request request;
  request.url = settled_.metadata_endpoint + "/latest/meta-data/" + path;
  request.headers.set("X-aws-ec2-metadata-token", metadata_token_);
  request.timeout = kMetadataTimeout;
  ask(metadata_, std::move(request), std::move(then));
}

void CredentialSource::metadata_role() {
  ask_metadata("iam/security-credentials/", [this](const http::Response& roles) {
    const std::string role(trim_space(split(roles.body, '\n').front()));
    ask_metadata("iam/security-credentials/" + role,
                 [this](const http::Response& answer) { take_json(answer); });
  });
}

void CredentialSource::ask_container() {
  http::Request request;
  request.url = settled_.container->url;
  request.timeout = kMetadataTimeout;
  if (const auto& token = settled_.container->authorization; !token.empty())
    request.headers.set("Authorization", token);
  ask(metadata_, std::move(request), [this](const http::Response& answer) { take_json(answer); });
}

void CredentialSource::take_json(const http::Response& response) {
  const auto object = component::parse_answer(response.body);
  if (!object) return fail_with(object.error());
  auto read = read_credentials(*object, "AccessKeyId", "Token");
  if (!read) return fail_with(read.error());
  working_ = *std::move(read);
  with_keys();
}

// ---- what becomes of them

void CredentialSource::with_keys() {
  if (!settled_.region.empty()) return with_region();
  metadata_token([this] {
    ask_metadata("placement/region", [this](const http::Response& answer) {
      settled_.region = trim_space(answer.body);
      with_region();
    });
  });
}

void CredentialSource::with_region() {
  auto finish = [this] {
    given_ = Given{working_, settled_.region};
    auto done = std::move(done_);
    done(*given_);
  };
  if (settled_.role_arn.empty()) return finish();
  std::string form = fmt::format("RoleArn={}&RoleSessionName=invar", http::query_escape(settled_.role_arn));
  if (!settled_.external_id.empty()) form += "&ExternalId=" + http::query_escape(settled_.external_id);
  ask_sts(std::move(form), true, "AssumeRole", std::move(finish));
}

void CredentialSource::ask_sts(std::string form, bool sign_it, std::string_view action,
                               std::move_only_function<void()> then) {
  // A role by web identity may be asked for before the region is known; any region gives it.
  const std::string region = settled_.region.empty() ? "us-east-1" : settled_.region;
  http::Request request;
  request.method = "POST";
  request.url = endpoint("sts", region, environment_) + "/";
  request.timeout = kTimeout;
  request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body_head = fmt::format("Action={}&Version=2011-06-15&{}", action, form);
  if (sign_it) {
    if (auto done = sign(request, working_, {region, "sts"}, loop_.unix_ns()); !done)
      return fail_with(done.error());
  }
  request.headers.set("Accept", "application/xml");
  ask(sts_, std::move(request),
      [this, action = std::string(action), then = std::move(then)](const http::Response& response) mutable {
        const auto answer = parse_xml(response.body);
        if (!answer) return fail_with(answer.error());
        auto read = read_credentials(field(field(*answer, action + "Result"), "Credentials"), "AccessKeyId",
                                     "SessionToken");
        if (!read) return fail_with(read.error());
        working_ = *std::move(read);
        then();
      });
}

}  // namespace invar::aws
