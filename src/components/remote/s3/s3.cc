#include "components/remote/s3/s3.h"

#include "aws/credentials.h"
#include "component/fetcher.h"
#include "component/polled_export.h"
#include "components/remote/s3/arguments.h"

namespace invar::components::remote_s3 {
namespace {

using component::Boxed;

constexpr auto kTimeout = std::chrono::seconds(60);

class S3Component final : public component::PolledExport {
 public:
  S3Component(component::Options made_with, aws::Environment environment)
      : PolledExport(std::move(made_with), "s3 file updated"),
        environment_(std::move(environment)),
        errors_(
            options().metrics->counter("remote_s3_errors_total", "The number of errors while accessing s3")),
        accessed_(options().metrics->gauge("remote_s3_timestamp_last_accessed_unix_seconds",
                                           "The last successful access in unix seconds")) {}

 private:
  Result<Duration> configure(const Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    const Client& client = arguments.client;
    http::ClientConfig config;
    if (client.disable_ssl) config.tls.emplace().insecure_skip_verify = true;
    INVAR_ASSIGN_OR_RETURN(auto http_client, options().http->make_client(config, options().id));
    aws::Identity identity{
        .access_key = client.key, .secret_key = client.secret, .region = region_of(client)};
    INVAR_ASSIGN_OR_RETURN(auto source,
                           aws::CredentialSource::make(options(), std::move(identity), {}, environment_));
    drop();
    arguments_ = arguments;
    fetcher_ = std::make_unique<component::Fetcher>(std::move(http_client));
    source_ = std::move(source);
    return arguments_.poll_frequency;
  }

  // Servers other than AWS' have no region that could be asked for.
  [[nodiscard]] std::string region_of(const Client& client) const {
    if (!client.endpoint.empty() && !client.signing_region.empty()) return client.signing_region;
    if (!client.region.empty() || client.endpoint.empty()) return client.region;
    const std::string region = environment_("AWS_REGION");
    return region.empty() ? "us-east-1" : region;
  }

  void ask(Done done) override {
    source_->get(alive_.bind([this, done = std::move(done)](auto given) mutable {
      if (!given) return finish(std::unexpected(given.error()), done);
      http::Request request;
      request.timeout = kTimeout;
      const Client& client = arguments_.client;
      request.url = object_url(
          *parse_path(arguments_.path),
          client.endpoint.empty() ? aws::endpoint("s3", given->region, environment_) : client.endpoint,
          client.use_path_style);
      if (auto good =
              aws::sign(request, given->credentials, {given->region, "s3"}, options().loop->unix_ns());
          !good)
        return finish(std::unexpected(good.error()), done);
      request.headers.set("Accept", "*/*");
      fetcher_->send(std::move(request), alive_.bind([this, done = std::move(done)](auto answer) mutable {
        finish(std::move(answer), done);
      }));
    }));
  }

  void drop() override {
    if (source_) source_->cancel();
    if (fetcher_) fetcher_->cancel();
  }

  void finish(Result<http::Response> answer, Done& done) {
    if (!answer) {
      errors_.add();
      source_->forget();
      return done(std::unexpected(answer.error()));
    }
    const std::int64_t seconds = options().loop->unix_ns() / 1'000'000'000;
    accessed_.set(static_cast<double>(seconds));
    done(Boxed::of(exports_schema(),
                   Exports{{.text = std::move(answer->body), .secret = arguments_.is_secret}}));
  }

  const aws::Environment environment_;
  metrics::Counter& errors_;
  metrics::Gauge& accessed_;
  Arguments arguments_;
  std::unique_ptr<component::Fetcher> fetcher_;
  std::unique_ptr<aws::CredentialSource> source_;
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Component>> build(aws::Environment environment, component::Options options,
                                                    const Boxed& arguments) {
  auto made = std::make_unique<S3Component>(std::move(options), std::move(environment));
  INVAR_TRY(made->update(arguments));
  return made;
}

}  // namespace invar::components::remote_s3
