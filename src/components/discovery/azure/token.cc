#include "components/discovery/azure/token.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "component/json_fields.h"

namespace invar::components::discovery_azure {
namespace {

constexpr auto kTokenTimeout = std::chrono::seconds(20);
constexpr UnixNanos kRenewBefore = 300'000'000'000;
constexpr std::uint64_t kLongestSeconds = 48 * 3600;
constexpr std::uint64_t kMostTokenBytes = 1u << 20;

http::Request machine_request(const ManagedIdentity& identity, const std::string& audience) {
  http::Request request;
  request.url = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=" +
                http::query_escape(audience + "/");
  if (!identity.client_id.empty()) request.url += "&client_id=" + http::query_escape(identity.client_id);
  request.headers.set("Metadata", "true");
  return request;
}

http::Request federated_request(const std::string& login, const Federated& identity,
                                const std::string& audience, std::string_view assertion) {
  http::Request request;
  request.method = "POST";
  request.url = fmt::format("{}/{}/oauth2/v2.0/token", login, http::path_escape(identity.tenant_id));
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body_head = fmt::format(
      "grant_type=client_credentials&client_id={}&scope={}&client_assertion_type={}&client_assertion={}",
      http::query_escape(identity.client_id), http::query_escape(audience + "/.default"),
      http::query_escape("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
      http::query_escape(std::string(assertion)));
  return request;
}

}  // namespace

TokenSource::TokenSource(const component::Options& options, std::unique_ptr<http::Client> client,
                         Result<Access> access, std::string audience)
    : loop_(*options.loop),
      disk_pool_(*options.disk_pool),
      files_(options.files),
      fetcher_(std::move(client)),
      access_(std::move(access)),
      audience_(std::move(audience)) {}

void TokenSource::get(Done done) {
  if (!access_) return done(std::unexpected(access_.error()));
  if (!token_.empty() && loop_.unix_ns() < expires_unix_ns_ - kRenewBefore) return done(token_);
  if (const auto* pod = std::get_if<Federated>(&access_->identity))
    return ask_with_file(*pod, std::move(done));
  send(machine_request(std::get<ManagedIdentity>(access_->identity), audience_), "managed identity",
       std::move(done));
}

void TokenSource::ask_with_file(const Federated& identity, Done done) {
  disk_pool_.run(
      [files = files_, path = identity.token_file] { return files->read_file(path, kMostTokenBytes); },
      alive_.bind([this, &identity, done = std::move(done)](Result<std::string> text) mutable {
        constexpr const char* kWho = "workload identity";
        if (!text) return done(std::unexpected(text.error().wrapped(kWho)));
        send(federated_request(access_->login, identity, audience_, trim_space(*text)), kWho,
             std::move(done));
      }));
}

void TokenSource::send(http::Request request, std::string who, Done done) {
  request.timeout = kTokenTimeout;
  fetcher_.send(std::move(request),
                [this, who = std::move(who), done = std::move(done)](Result<http::Response> answer) mutable {
                  if (!answer) return done(std::unexpected(answer.error().wrapped(who)));
                  const auto body = component::parse_answer(answer->body);
                  token_ = body ? component::text_field(*body, "access_token") : "";
                  if (token_.empty())
                    return done(fail(ErrorCode::kDataLoss, who + ": the answer has no token"));
                  const auto seconds = std::min(
                      parse_uint(component::text_field(*body, "expires_in")).value_or(0), kLongestSeconds);
                  expires_unix_ns_ = loop_.unix_ns() + static_cast<UnixNanos>(seconds) * 1'000'000'000;
                  done(token_);
                });
}

}  // namespace invar::components::discovery_azure
