#include "components/discovery/kubelet/arguments.h"

#include "component/http_client_schema.h"
#include "component/url_rule.h"

namespace invar::components::discovery_kubelet {
namespace {

Result<> check(const Arguments& arguments) {
  if (arguments.refresh_interval <= Duration::zero())
    return fail(ErrorCode::kInvalidArgument, "refresh_interval must be greater than 0");
  return {};
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute_with<component::UrlCodec>("url", &Arguments::url, "URL of the kubelet.")
          .valid([](const Arguments& arguments) {
            return component::check_server_url(
                arguments.url, {.example = "https://127.0.0.1:10250", .query_allowed = false});
          })
          .attribute("refresh_interval", &Arguments::refresh_interval, "How often the kubelet is asked.")
          .attribute("namespaces", &Arguments::namespaces,
                     "Namespaces whose pods are taken; all of them when none is given.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_kubelet
