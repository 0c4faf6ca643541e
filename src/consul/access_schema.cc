#include "consul/access_schema.h"

#include <array>

#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "component/url_rule.h"

namespace invar::consul {

const syntax::Schema& access_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Access>()
          .attribute_with<component::UrlCodec>(
              "server", &Access::server,
              "Address of Consul: `host:port`, also with `http://`, `https://` or "
              "`unix://` before it.")
          .valid([](const Access& access) { return component::mistake_in(check(access)); })
          .attribute("scheme", &Access::scheme, "`http` or `https`.")
          .valid([](const Access& access) {
            constexpr std::array<std::string_view, 2> kSchemes = {"http", "https"};
            return component::check_choice(access.scheme, "unknown scheme", kSchemes);
          })
          .attribute("token", &Access::token, "Token of Consul's access control.")
          .valid([](const Access& access) {
            return component::check_header("X-Consul-Token", access.token.value);
          })
          .attribute("datacenter", &Access::datacenter, "Data center to ask for; the agent's own without it.")
          .build();
  return schema;
}

}  // namespace invar::consul
