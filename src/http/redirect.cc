#include "http/redirect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace invar::http {

bool same_site(std::string_view first, std::string_view host) {
  const std::string parent = to_lower_ascii(first);
  const std::string name = to_lower_ascii(host);
  if (name == parent) return true;
  if (name.find(':') != std::string::npos || name.find('%') != std::string::npos) return false;
  return name.ends_with("." + parent);
}

bool is_sensitive_header(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames = {
      "Authorization", "Www-Authenticate", "Cookie", "Cookie2", "Proxy-Authorization", "Proxy-Authenticate"};
  return std::ranges::any_of(kNames, [name](std::string_view n) { return equals_ignore_case(n, name); });
}

std::expected<std::optional<Hop>, Failure> next_hop(RedirectChain& chain, const Url& from,
                                                    std::string_view method, int status,
                                                    std::string_view location) {
  const bool rewrites = status == 301 || status == 302 || status == 303;
  const bool repeats = status == 307 || status == 308;
  if ((!rewrites && !repeats) || location.empty()) return std::nullopt;
  if (chain.requests >= kMaxRequestsPerChain) {
    return std::unexpected(
        Failure{FailureKind::kRedirect, fmt::format("stopped after {} redirects", kMaxRequestsPerChain)});
  }
  auto target = resolve_reference(from, location);
  const auto parsed = target ? parse_url(*target) : Result<Url>(std::unexpected(target.error()));
  if (!parsed) {
    return std::unexpected(
        Failure{FailureKind::kRedirect, fmt::format("{} answered {} with an unusable Location: {}",
                                                    from.host_port(), status, parsed.error().message)});
  }
  ++chain.requests;
  if (!same_site(chain.first_host, parsed->host)) chain.crossed = true;
  Hop hop;
  hop.url = *std::move(target);
  hop.method = method;
  if (rewrites) {
    hop.keep_body = false;
    if (method != "GET" && method != "HEAD") hop.method = "GET";
  }
  if (!(from.scheme == "https" && parsed->scheme == "http")) hop.referer = wire_url(from);
  return hop;
}

}  // namespace invar::http
