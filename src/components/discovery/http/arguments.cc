#include "components/discovery/http/arguments.h"

#include "base/strings.h"
#include "component/http_client_schema.h"

namespace invar::components::discovery_http {
namespace {

Result<> check(const Arguments& arguments) {
  if (arguments.url.empty()) return fail(ErrorCode::kInvalidArgument, "URL is missing");
  auto url = http::parse_url(arguments.url);
  if (!url) return std::unexpected(url.error().wrapped("url"));
  const std::string scheme = to_lower_ascii(url->scheme);
  if (scheme != "http" && scheme != "https") {
    return fail(ErrorCode::kInvalidArgument, "URL scheme must be 'http' or 'https'");
  }
  if (arguments.refresh_interval <= Duration::zero()) {
    return fail(ErrorCode::kInvalidArgument, "refresh_interval must be greater than 0");
  }
  return {};
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute_with<component::UrlCodec>("url", &Arguments::url,
                                               "URL from which the targets are fetched.")
          .required()
          .attribute("refresh_interval", &Arguments::refresh_interval,
                     "How often the targets are fetched; also the time limit of one request.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_http
