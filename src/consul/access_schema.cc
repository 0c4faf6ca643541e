#include "consul/access_schema.h"

#include <array>

#include "component/choice_rule.h"
#include "component/http_client_schema.h"

namespace invar::consul {

const syntax::Schema& access_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Access>()
          .attribute_with<component::UrlCodec>(
              "server", &Access::server,
              "Address of Consul: `host:port`, also with `http://`, `https://` or "
              "`unix://` before it.")
          .attribute("scheme", &Access::scheme, "`http` or `https`.")
          .valid([](const Access& access) {
            constexpr std::array<std::string_view, 2> kSchemes = {"http", "https"};
            return component::check_choice(access.scheme, "unknown scheme", kSchemes);
          })
          .attribute("token", &Access::token, "Token of Consul's access control.")
          .attribute("datacenter", &Access::datacenter, "Data center to ask for; the agent's own without it.")
          .check(&check)
          .build();
  return schema;
}

}  // namespace invar::consul
