#include "components/discovery/http/arguments.h"

#include "component/http_client_schema.h"
#include "component/url_rule.h"

namespace invar::components::discovery_http {
namespace {

Result<> check(const Arguments& arguments) {
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
          .valid([](const Arguments& arguments) {
            return component::check_server_url(arguments.url, {.example = "http://service:8080/targets"});
          })
          .attribute("refresh_interval", &Arguments::refresh_interval,
                     "How often the targets are fetched; also the time limit of one request.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_http
