#include "components/remote/s3/arguments.h"

#include "aws/sign.h"
#include "base/strings.h"
#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "component/url_rule.h"

namespace invar::components::remote_s3 {
namespace {

constexpr auto kLeastPoll = std::chrono::seconds(30);

Result<> check_client(const Client& client) {
  if (client.key.empty() != client.secret.value.empty())
    return fail(ErrorCode::kInvalidArgument,
                "if key or secret are specified then the other must also be specified");
  return {};
}

Result<> check(const Arguments& arguments) {
  if (arguments.poll_frequency <= kLeastPoll)
    return fail(ErrorCode::kInvalidArgument, "poll_frequency must be greater than 30s");
  return {};
}

const syntax::Schema& client_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Client>()
          .attribute("key", &Client::key, "Id of the access key; without it AWS' usual places are looked at.")
          .attribute("secret", &Client::secret, "Secret of the access key.")
          .attribute_with<component::UrlCodec>("endpoint", &Client::endpoint,
                                               "URL of a server that speaks S3's protocol.")
          .valid([](const Client& client) -> std::optional<syntax::DecodeError> {
            if (client.endpoint.empty()) return std::nullopt;
            return component::check_server_url(client.endpoint,
                                               {.example = "http://minio:9000", .query_allowed = false});
          })
          .attribute("disable_ssl", &Client::disable_ssl, "Does not verify the server's certificate.")
          .attribute("use_path_style", &Client::use_path_style,
                     "Whether the bucket is the first part of the path instead of the host's name.")
          .attribute("region", &Client::region, "Region of the bucket.")
          .attribute("signing_region", &Client::signing_region,
                     "Region in the signature, where it is another one with `endpoint`.")
          .check(check_client)
          .build();
  return schema;
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("path", &Arguments::path, "The object: `s3://bucket/path/of/the/file`.")
          .required()
          .valid([](const Arguments& arguments) { return component::mistake_in(parse_path(arguments.path)); })
          .attribute("poll_frequency", &Arguments::poll_frequency,
                     "How often the object is read; more than 30 seconds.")
          .attribute("is_secret", &Arguments::is_secret,
                     "Marks the content as a secret, which is never shown.")
          .block("client", &Arguments::client, client_schema(), "How S3 is reached.")
          .check(check)
          .build();
  return schema;
}

const syntax::Schema& exports_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Exports>()
          .attribute("content", &Exports::content, "The bytes of the object as text, as they are.")
          .build();
  return schema;
}

Result<Place> parse_path(std::string_view path) {
  constexpr std::string_view kScheme = "s3://";
  const std::string_view rest = path.starts_with(kScheme) ? path.substr(kScheme.size()) : "";
  const auto slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == rest.size())
    return fail(ErrorCode::kInvalidArgument, "path must be s3://BUCKET/FILE, not " + quote(path));
  return Place{std::string(rest.substr(0, slash)), std::string(rest.substr(slash + 1))};
}

std::string object_url(const Place& place, std::string endpoint, bool path_style) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const std::string key = "/" + aws::encode_path(place.key);
  // A bucket with dots has no certificate as a host's name.
  if (path_style || place.bucket.find('.') != std::string::npos) return endpoint + "/" + place.bucket + key;
  const auto host = endpoint.find("://") + 3;
  return endpoint.substr(0, host) + place.bucket + "." + endpoint.substr(host) + key;
}

}  // namespace invar::components::remote_s3
