#include "components/discovery/ec2/arguments.h"

#include "component/http_client_schema.h"
#include "component/url_rule.h"
#include "component/whole_number.h"

namespace invar::components::discovery_ec2 {
namespace {

Result<> check(const Arguments& arguments) {
  const auto invalid = [](std::string text) { return fail(ErrorCode::kInvalidArgument, std::move(text)); };
  if (arguments.refresh_interval <= Duration::zero())
    return invalid("refresh_interval must be greater than 0");
  if (arguments.port > 65535) return invalid("port must be at most 65535");
  if (arguments.identity.access_key.empty() != arguments.identity.secret_key.value.empty())
    return invalid("access_key and secret_key belong together");
  const http::ClientConfig& client = arguments.client;
  if (client.basic_auth || client.authorization || client.oauth2 || !client.bearer_token.value.empty() ||
      !client.bearer_token_file.empty())
    return invalid("requests to AWS are signed: they cannot have another authorization");
  return {};
}

const syntax::Schema& identity_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<aws::Identity>()
          .attribute("region", &aws::Identity::region,
                     "Region to ask in; without it that of the environment, the profile or the instance.")
          .attribute("access_key", &aws::Identity::access_key,
                     "Id of the access key; without it AWS' usual places are looked at.")
          .attribute("secret_key", &aws::Identity::secret_key, "Secret of the access key.")
          .attribute("profile", &aws::Identity::profile, "Profile of the shared AWS files.")
          .attribute("role_arn", &aws::Identity::role_arn, "Role to take with these credentials.")
          .build();
  return schema;
}

const syntax::Schema& filter_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Filter>()
          .attribute("name", &Filter::name, "Name of a filter of DescribeInstances: `tag:team`.")
          .required()
          .attribute("values", &Filter::values, "Values of which one must match.")
          .required()
          .check([](const Filter& filter) -> Result<> {
            if (filter.values.empty())
              return fail(ErrorCode::kInvalidArgument, "EC2 SD configuration filter values cannot be empty");
            return {};
          })
          .build();
  return schema;
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute_with<component::UrlCodec>("endpoint", &Arguments::endpoint,
                                               "URL of another endpoint than AWS' own.")
          .valid([](const Arguments& arguments) -> std::optional<syntax::DecodeError> {
            if (arguments.endpoint.empty()) return std::nullopt;
            return component::check_server_url(
                arguments.endpoint,
                {.example = "https://ec2.eu-west-1.amazonaws.com", .query_allowed = false});
          })
          .squash(&Arguments::identity, identity_schema())
          .attribute("refresh_interval", &Arguments::refresh_interval, "How often the instances are listed.")
          .attribute_with<component::WholeNumberCodec>("port", &Arguments::port,
                                                       "Port of the addresses of the targets.")
          .block("filter", &Arguments::filters, filter_schema(), "Which instances AWS sends at all.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_ec2
