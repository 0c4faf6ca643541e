#include "moby/filter_schema.h"

namespace invar::moby {

const syntax::Schema& filter_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Filter>()
          .attribute("name", &Filter::name, "Name of the filter, as Docker's API has it.")
          .required()
          .attribute("values", &Filter::values, "Values of which one must match.")
          .required()
          .build();
  return schema;
}

Result<> check_connection(const std::string& host, std::int64_t port, Duration refresh_interval,
                          const http::ClientConfig& client) {
  INVAR_ASSIGN_OR_RETURN(const Host parsed, parse_host(host));
  if (!parsed.takes_options && client != http::ClientConfig{})
    return fail(ErrorCode::kInvalidArgument,
                "options of the HTTP client have no effect with this host: use an http:// or https:// host");
  if (port < 0 || port > 65535) return fail(ErrorCode::kInvalidArgument, "port must be between 0 and 65535");
  if (refresh_interval <= Duration::zero())
    return fail(ErrorCode::kInvalidArgument, "refresh_interval must be greater than 0");
  return {};
}

}  // namespace invar::moby
