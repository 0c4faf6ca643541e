#include "components/remote/vault/cloud.h"

#include <fmt/format.h>

#include "aws/credentials.h"
#include "base/strings.h"
#include "codec/base64.h"
#include "component/fetcher.h"
#include "component/json_fields.h"
#include "google/token.h"
#include "json/writer.h"

namespace invar::components::remote_vault {
namespace {

using component::field;
using component::text_field;

constexpr auto kTimeout = std::chrono::seconds(20);
constexpr std::int64_t kAssertionSeconds = 600;

std::string base64(std::string_view bytes) {
  return codec::to_base64(bytes, codec::Base64::kStandard);
}

// A request to AWS' token service that only says who asks, signed and handed to Vault, which sends it.
class AwsIdentity final : public CloudIdentity {
 public:
  AwsIdentity(const component::Options& options, AwsAuth auth, Environment environment,
              std::unique_ptr<aws::CredentialSource> source)
      : loop_(*options.loop),
        auth_(std::move(auth)),
        environment_(std::move(environment)),
        source_(std::move(source)) {}

  void cancel() override { source_->cancel(); }
  void get(Done done) override {
    source_->get([this, done = std::move(done)](Result<aws::CredentialSource::Given> given) mutable {
      if (!given) return done(std::unexpected(given.error()));
      done(fields_of(*given));
    });
  }

 private:
  Result<Pairs> fields_of(const aws::CredentialSource::Given& given) {
    http::Request request;
    request.method = "POST";
    // Vault sends it to the service for all regions unless it is configured otherwise, which goes by the name of us-east-1.
    const bool everywhere = given.region == "us-east-1" && environment_("AWS_ENDPOINT_URL_STS").empty() &&
                            environment_("AWS_ENDPOINT_URL").empty();
    request.url =
        (everywhere ? "https://sts.amazonaws.com" : aws::endpoint("sts", given.region, environment_)) + "/";
    request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    if (!auth_.iam_server_id_header.empty())
      request.headers.set("X-Vault-AWS-IAM-Server-ID", auth_.iam_server_id_header);
    request.body_head = "Action=GetCallerIdentity&Version=2011-06-15";
    INVAR_TRY(aws::sign(request, given.credentials, {given.region, "sts"}, loop_.unix_ns()));
    std::string headers;
    json::Writer writer(headers);
    writer.begin_object();
    for (const auto& [name, value] : request.headers) writer.key(name).begin_array().value(value).end_array();
    writer.end_object();
    return Pairs{{"role", auth_.role},
                 {"iam_http_request_method", request.method},
                 {"iam_request_url", base64(request.url)},
                 {"iam_request_body", base64(request.body_head)},
                 {"iam_request_headers", base64(headers)}};
  }

  async::Loop& loop_;
  const AwsAuth auth_;
  const Environment environment_;
  std::unique_ptr<aws::CredentialSource> source_;
};

// What AWS signed about the instance that this is.
class Ec2Identity final : public CloudIdentity {
 public:
  Ec2Identity(AwsAuth auth, std::string metadata, std::unique_ptr<http::Client> client)
      : auth_(std::move(auth)), metadata_(std::move(metadata)), fetcher_(std::move(client)) {}

  void cancel() override { fetcher_.cancel(); }
  void get(Done done) override {
    ask("PUT", "api/token", std::move(done), [this](std::string token, Done done) {
      token_ = trim_space(token);
      auth_.ec2_signature_type == "identity" ? ask_document(std::move(done)) : ask_pkcs7(std::move(done));
    });
  }

 private:
  using Then = std::move_only_function<void(std::string, Done)>;

  void ask_pkcs7(Done done) {
    ask("GET", "dynamic/instance-identity/pkcs7", std::move(done), [this](std::string signature, Done done) {
      finish({{"pkcs7", in_one_line(std::move(signature))}}, std::move(done));
    });
  }

  void ask_document(Done done) {
    ask("GET", "dynamic/instance-identity/document", std::move(done),
        [this](std::string document, Done done) {
          ask("GET", "dynamic/instance-identity/signature", std::move(done),
              [this, document = std::move(document)](std::string signature, Done done) {
                finish({{"identity", base64(document)}, {"signature", in_one_line(std::move(signature))}},
                       std::move(done));
              });
        });
  }

  void finish(Pairs fields, Done done) {
    if (!auth_.role.empty()) fields.emplace(fields.begin(), "role", auth_.role);
    done(std::move(fields));
  }

  static std::string in_one_line(std::string text) {
    std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
    return text;
  }

  void ask(const char* method, const std::string& path, Done done, Then then) {
    http::Request request;
    request.method = method;
    request.url = metadata_ + "/latest/" + path;
    if (request.method == "PUT") {
      request.headers.set("X-aws-ec2-metadata-token-ttl-seconds", "300");
    } else {
      request.headers.set("X-aws-ec2-metadata-token", token_);
    }
    request.timeout = kTimeout;
    fetcher_.send(std::move(request),
                  [done = std::move(done), then = std::move(then)](Result<http::Response> answer) mutable {
                    if (!answer) return done(std::unexpected(answer.error()));
                    then(std::move(answer->body), std::move(done));
                  });
  }

  const AwsAuth auth_;
  const std::string metadata_;
  component::Fetcher fetcher_;
  std::string token_;
};

// The token of the machine's managed identity, and where the machine is.
class AzureIdentity final : public CloudIdentity {
 public:
  AzureIdentity(AzureAuth auth, std::unique_ptr<http::Client> client)
      : auth_(std::move(auth)), fetcher_(std::move(client)) {}

  void cancel() override { fetcher_.cancel(); }
  void get(Done done) override {
    ask("identity/oauth2/token?api-version=2018-02-01&resource=" + http::query_escape(auth_.resource_url),
        std::move(done), [this](const syntax::Value& answer, Done done) {
          std::string token = text_field(answer, "access_token");
          if (token.empty())
            return done(fail(ErrorCode::kDataLoss, "the managed identity's answer has no token"));
          ask("instance?api-version=2021-02-01", std::move(done),
              [this, token = std::move(token)](const syntax::Value& instance, Done done) {
                const syntax::Value& machine = field(instance, "compute");
                done(Pairs{{"role", auth_.role},
                           {"jwt", token},
                           {"subscription_id", text_field(machine, "subscriptionId")},
                           {"resource_group_name", text_field(machine, "resourceGroupName")},
                           {"vm_name", text_field(machine, "name")},
                           {"vmss_name", text_field(machine, "vmScaleSetName")}});
              });
        });
  }

 private:
  using Then = std::move_only_function<void(const syntax::Value&, Done)>;

  void ask(const std::string& path, Done done, Then then) {
    http::Request request;
    request.url = "http://169.254.169.254/metadata/" + path;
    request.headers.set("Metadata", "true");
    request.timeout = kTimeout;
    fetcher_.send(std::move(request),
                  [done = std::move(done), then = std::move(then)](Result<http::Response> answer) mutable {
                    if (!answer) return done(std::unexpected(answer.error()));
                    const auto body = component::parse_answer(answer->body);
                    if (!body) return done(std::unexpected(body.error()));
                    then(*body, std::move(done));
                  });
  }

  const AzureAuth auth_;
  component::Fetcher fetcher_;
};

// A token that Google signed: for the machine by its metadata service, for a service account by the API that signs for it.
class GcpIdentity final : public CloudIdentity {
 public:
  GcpIdentity(const component::Options& options, const Arguments& arguments, Environment environment,
              std::unique_ptr<http::Client> client, std::unique_ptr<google::TokenSource> tokens)
      : loop_(*options.loop),
        auth_(*arguments.gcp),
        server_(arguments.server),
        environment_(std::move(environment)),
        fetcher_(std::move(client)),
        tokens_(std::move(tokens)) {}

  void cancel() override {
    tokens_->cancel();
    fetcher_.cancel();
  }
  void get(Done done) override {
    if (auth_.type == "gce") return ask_machine(std::move(done));
    tokens_->get([this, done = std::move(done)](Result<std::string> token) mutable {
      if (!token) return done(std::unexpected(token.error()));
      ask_signer(*token, std::move(done));
    });
  }

 private:
  void finish(std::string jwt, Done done) {
    if (jwt.empty()) return done(fail(ErrorCode::kDataLoss, "Google's answer has no token"));
    done(Pairs{{"role", auth_.role}, {"jwt", std::move(jwt)}});
  }

  void ask_machine(Done done) {
    std::string server = server_;
    while (server.ends_with('/')) server.pop_back();
    std::string host = environment_("GCE_METADATA_HOST");
    if (host.empty()) host = "metadata.google.internal";
    http::Request request;
    request.url = fmt::format(
        "http://{}/computeMetadata/v1/instance/service-accounts/default/identity?audience={}&format=full",
        host, http::query_escape(server + "/vault/" + auth_.role));
    request.headers.set("Metadata-Flavor", "Google");
    request.timeout = kTimeout;
    fetcher_.send(std::move(request), [this, done = std::move(done)](Result<http::Response> answer) mutable {
      if (!answer) return done(std::unexpected(answer.error()));
      finish(std::string(trim_space(answer->body)), std::move(done));
    });
  }

  void ask_signer(const std::string& token, Done done) {
    std::string claims, body;
    json::Writer(claims)
        .begin_object()
        .field("sub", auth_.iam_service_account)
        .field("aud", "vault/" + auth_.role)
        .field("exp", loop_.unix_ns() / 1'000'000'000 + kAssertionSeconds)
        .end_object();
    json::Writer(body).begin_object().field("payload", claims).end_object();
    http::Request request;
    request.method = "POST";
    request.url =
        fmt::format("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{}:signJwt",
                    http::path_escape(auth_.iam_service_account));
    request.headers.set("Authorization", "Bearer " + token);
    request.headers.set("Content-Type", "application/json");
    request.body_head = std::move(body);
    request.timeout = kTimeout;
    fetcher_.send(std::move(request), [this, done = std::move(done)](Result<http::Response> answer) mutable {
      if (!answer) {
        tokens_->forget();
        return done(std::unexpected(answer.error()));
      }
      const auto said = component::parse_answer(answer->body);
      if (!said) return done(std::unexpected(said.error()));
      finish(text_field(*said, "signedJwt"), std::move(done));
    });
  }

  async::Loop& loop_;
  const GcpAuth auth_;
  const std::string server_;
  const Environment environment_;
  component::Fetcher fetcher_;
  std::unique_ptr<google::TokenSource> tokens_;
};

}  // namespace

Result<std::unique_ptr<CloudIdentity>> make_cloud_identity(const component::Options& options,
                                                           const Arguments& arguments,
                                                           const Environment& environment) {
  if (arguments.aws && arguments.aws->type == "ec2") {
    INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client({}, options.id));
    return std::make_unique<Ec2Identity>(*arguments.aws, aws::metadata_endpoint(environment),
                                         std::move(client));
  }
  if (arguments.aws) {
    aws::Identity identity;
    identity.region = arguments.aws->region;
    INVAR_ASSIGN_OR_RETURN(auto source,
                           aws::CredentialSource::make(options, std::move(identity), {}, environment));
    return std::make_unique<AwsIdentity>(options, *arguments.aws, environment, std::move(source));
  }
  if (arguments.azure) {
    INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client({}, options.id));
    return std::make_unique<AzureIdentity>(*arguments.azure, std::move(client));
  }
  if (arguments.gcp) {
    INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client({}, options.id));
    INVAR_ASSIGN_OR_RETURN(
        auto tokens,
        google::TokenSource::make(options, "https://www.googleapis.com/auth/cloud-platform", environment));
    return std::make_unique<GcpIdentity>(options, arguments, environment, std::move(client),
                                         std::move(tokens));
  }
  return nullptr;
}

}  // namespace invar::components::remote_vault
