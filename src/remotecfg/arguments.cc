#include "remotecfg/arguments.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "component/http_client_schema.h"
#include "component/url_rule.h"

namespace invar::remotecfg {
namespace {

constexpr Duration kMostOften = std::chrono::seconds(10);

Result<> check(const Arguments& arguments) {
  if (arguments.poll_frequency < kMostOften)
    return fail(ErrorCode::kInvalidArgument, fmt::format("poll_frequency must be at least \"10s\", got {}",
                                                         quote(format_duration(arguments.poll_frequency))));
  for (const auto& [name, value] : arguments.attributes)
    if (name.starts_with("collector."))
      return fail(ErrorCode::kInvalidArgument,
                  "\"collector\" is a reserved namespace for remotecfg attribute keys");
  return {};
}

}  // namespace

const syntax::Schema& schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute_with<component::UrlCodec>("url", &Arguments::url,
                                               "Base URL of the server; without one nothing is fetched.")
          .valid([](const Arguments& arguments) -> std::optional<syntax::DecodeError> {
            if (arguments.url.empty()) return std::nullopt;
            return component::check_server_url(arguments.url, {.example = "https://fleet.example"});
          })
          .attribute("id", &Arguments::id, "By what the server knows this instance.")
          .default_text("the instance's own")
          .attribute("name", &Arguments::name, "A name for people.")
          .attribute("attributes", &Arguments::attributes, "What the server may choose the configuration by.")
          .attribute("poll_frequency", &Arguments::poll_frequency,
                     "Time between two questions, at least `\"10s\"`.")
          .squash(&Arguments::client, component::http_client_schema())
          .check(&check)
          .build();
  return schema;
}

}  // namespace invar::remotecfg
