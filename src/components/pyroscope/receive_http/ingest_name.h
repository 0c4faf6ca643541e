// The `name` of /ingest: "app{key=value,...}" as labels. Pure.
// Errors: kInvalidArgument in the words of Pyroscope's own parser. Source: pyroscope-write.md 7;
// pyroscope-receive-http-relabel-enrich.md A3.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "labels/labels.h"

namespace invar::components::pyroscope_receive_http {

// The application is __name__. A repeated key: the last wins; an empty value: no label.
Result<Labels> parse_ingest_name(std::string_view name);

// With the service: the application's name, unless the client named one; then the application is kept as app_name.
Labels with_service_name(const Labels& labels);

// The first value of `key` in a query, as Go reads it: a parameter with ';' or a broken escape counts as absent.
std::optional<std::string> form_value(std::string_view query, std::string_view key);

}  // namespace invar::components::pyroscope_receive_http
