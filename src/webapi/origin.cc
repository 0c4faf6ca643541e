#include "webapi/origin.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace invar::webapi {
namespace {

ApiError wrong_origin(std::string_view what) {
  return {.status = 403,
          .code = "wrong_origin",
          .text = fmt::format("the request comes from a page of another origin ({})", what),
          .hint = "Open the page at the address of this server."};
}

// "https://host:port" -> "host:port"
std::string_view host_of(std::string_view origin) {
  const auto slashes = origin.find("//");
  return slashes == std::string_view::npos ? std::string_view() : origin.substr(slashes + 2);
}

}  // namespace

std::optional<ApiError> refuse_origin(const http::Headers& headers) {
  const std::string_view site = headers.get("Sec-Fetch-Site");
  if (site == "same-origin" || site == "none") return std::nullopt;
  if (!site.empty()) return wrong_origin(site);
  if (!headers.has("Origin")) return std::nullopt;
  const std::string_view origin = headers.get("Origin");
  const std::string_view host = host_of(origin);
  const bool ours = !host.empty() && (equals_ignore_case(host, headers.get("Host")) ||
                                      equals_ignore_case(host, headers.get("X-Forwarded-Host")));
  return ours ? std::nullopt : std::optional(wrong_origin(origin));
}

std::optional<ApiError> refuse_type(const http::Headers& headers) {
  const std::string_view written = headers.get("Content-Type");
  if (equals_ignore_case(trim_space(written.substr(0, written.find(';'))), "application/json"))
    return std::nullopt;
  return ApiError{.status = 415, .code = "wrong_type", .text = "the body must be application/json"};
}

}  // namespace invar::webapi
