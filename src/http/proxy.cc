#include "http/proxy.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>

#include "base/strings.h"
#include "http/idna.h"
#include "http/url.h"

namespace invar::http {
namespace {

using Ip = std::array<std::uint8_t, 16>;

struct ParsedIp {
  Ip bytes{};
  bool v4 = false;
};

std::optional<ParsedIp> parse_ip(std::string_view text) {
  const std::string zero_terminated(text);
  ParsedIp out;
  in_addr four{};
  if (inet_pton(AF_INET, zero_terminated.c_str(), &four) == 1) {
    out.v4 = true;
    out.bytes[10] = out.bytes[11] = 0xFF;
    std::memcpy(out.bytes.data() + 12, &four, 4);
    return out;
  }
  if (inet_pton(AF_INET6, zero_terminated.c_str(), out.bytes.data()) == 1) {
    static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    out.v4 = std::memcmp(out.bytes.data(), kMapped.data(), kMapped.size()) == 0;
    return out;
  }
  return std::nullopt;
}

bool in_prefix(const Ip& address, const Ip& network, int bits) {
  for (int i = 0; i < 16 && bits > 0; ++i, bits -= 8) {
    const int mask = bits >= 8 ? 0xFF : (0xFF << (8 - bits)) & 0xFF;
    if ((address[i] & mask) != (network[i] & mask)) return false;
  }
  return true;
}

std::string_view effective_port(const Url& url) {
  if (!url.port.empty()) return url.port;
  return url.scheme == "https" ? "443" : url.scheme.starts_with("socks5") ? "1080" : "80";
}

Result<std::shared_ptr<const ProxyRoute>> make_route(std::string_view text, const ProxyConfig& config) {
  INVAR_ASSIGN_OR_RETURN(const Url url, parse_url(text));
  auto route = std::make_shared<ProxyRoute>();
  // Both spellings let the proxy resolve names.
  route->scheme = url.scheme.starts_with("socks5") ? "socks5h" : url.scheme;
  if (route->scheme != "http" && route->scheme != "https" && route->scheme != "socks5h") {
    return fail(ErrorCode::kInvalidArgument, fmt::format("unsupported proxy scheme {}", quote(url.scheme)));
  }
  route->host_port = join_host_port(url.host, effective_port(url));
  if (auto credentials = url_credentials(url)) {
    route->has_credentials = true;
    route->user = std::move(credentials->first);
    route->password = std::move(credentials->second);
  }
  for (const auto& [name, values] : config.proxy_connect_header) {
    for (const auto& value : values)
      route->connect_headers.emplace_back(canonical_header_name(name), value.value);
  }
  return route;
}

// A value without a scheme (or with one that is no proxy's) means an http proxy.
Result<std::shared_ptr<const ProxyRoute>> route_from_environment(const ProxyChooser::Environment& environment,
                                                                 const char* upper, const char* lower,
                                                                 const ProxyConfig& config) {
  const char* name = upper;
  std::string value = environment(upper);
  if (value.empty()) {
    name = lower;
    value = environment(lower);
  }
  if (value.empty()) return nullptr;
  if (auto route = make_route(value, config)) return route;
  auto route = make_route("http://" + value, config);
  if (!route) return std::unexpected(route.error().wrapped(fmt::format("environment variable {}", name)));
  return route;
}

}  // namespace

NoProxy::NoProxy(std::string_view rules) {
  for (const auto raw : split(rules, ',')) {
    const std::string entry = to_lower_ascii(trim_space(raw));
    if (entry.empty()) continue;
    if (entry == "*") {
      everything_ = true;
      return;
    }
    if (const auto slash = entry.find('/'); slash != std::string::npos) {
      const auto ip = parse_ip(std::string_view(entry).substr(0, slash));
      const auto bits = parse_uint(std::string_view(entry).substr(slash + 1));
      const bool v4 = ip && ip->v4 && entry.find(':') == std::string::npos;
      if (ip && bits && *bits <= (v4 ? 32u : 128u)) {
        ranges_.push_back({ip->bytes, static_cast<int>(*bits) + (v4 ? 96 : 0), v4});
      }
      continue;
    }
    auto parts = split_host_port(entry);
    if (!parts || parts->host.empty()) continue;
    if (const auto ip = parse_ip(parts->host)) {
      addresses_.push_back({ip->bytes, parts->port});
      continue;
    }
    std::string host = parts->host;
    if (host.starts_with("*.")) host.erase(0, 1);
    const bool whole_name = host[0] != '.';
    host = to_ascii_host(host);
    if (whole_name) host.insert(0, ".");
    domains_.push_back({std::move(host), parts->port, whole_name});
  }
}

bool NoProxy::matches(std::string_view host, std::string_view port) const {
  if (everything_) return true;
  if (const auto ip = parse_ip(host)) {
    for (const auto& range : ranges_) {
      if (range.v4 == ip->v4 && in_prefix(ip->bytes, range.address, range.prefix_bits)) return true;
    }
    for (const auto& address : addresses_) {
      if (address.address == ip->bytes && (address.port.empty() || address.port == port)) return true;
    }
  }
  const std::string name = to_ascii_host(to_lower_ascii(host));
  for (const auto& domain : domains_) {
    const bool hit = name.ends_with(domain.suffix) ||
                     (domain.whole_name && std::string_view(domain.suffix).substr(1) == name);
    if (hit && (domain.port.empty() || domain.port == port)) return true;
  }
  return false;
}

bool is_loopback_host(std::string_view host) {
  if (equals_ignore_case(host, "localhost")) return true;
  const auto ip = parse_ip(host);
  if (!ip) return false;
  if (ip->v4) return ip->bytes[12] == 127;
  Ip loopback{};
  loopback[15] = 1;
  return ip->bytes == loopback;
}

Result<ProxyChooser> ProxyChooser::create(const ProxyConfig& config, const Environment& environment) {
  ProxyChooser chooser;
  if (config.proxy_from_environment) {
    INVAR_ASSIGN_OR_RETURN(chooser.for_http_,
                           route_from_environment(environment, "HTTP_PROXY", "http_proxy", config));
    INVAR_ASSIGN_OR_RETURN(chooser.for_https_,
                           route_from_environment(environment, "HTTPS_PROXY", "https_proxy", config));
    std::string rules = environment("NO_PROXY");
    if (rules.empty()) rules = environment("no_proxy");
    chooser.no_proxy_.emplace(rules);
    chooser.refuse_http_ = chooser.for_http_ && !environment("REQUEST_METHOD").empty();
    return chooser;
  }
  if (trim_space(config.proxy_url).empty()) return chooser;
  auto route = make_route(config.proxy_url, config);
  if (!route) return std::unexpected(route.error().wrapped("proxy_url"));
  chooser.for_http_ = chooser.for_https_ = *route;
  if (!config.no_proxy.empty()) chooser.no_proxy_.emplace(config.no_proxy);
  return chooser;
}

Result<std::shared_ptr<const ProxyRoute>> ProxyChooser::choose(const Url& url) const {
  const auto& route = url.scheme == "https" ? for_https_ : for_http_;
  if (!route) return nullptr;
  if (refuse_http_ && url.scheme != "https") {
    return fail(ErrorCode::kInvalidArgument,
                "HTTP_PROXY is not used where REQUEST_METHOD is set: under CGI a remote client could choose "
                "its value");
  }
  if (no_proxy_ && (is_loopback_host(url.host) || no_proxy_->matches(url.host, effective_port(url))))
    return nullptr;
  return route;
}

ProxyChooser::Environment process_environment() {
  return [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
}

}  // namespace invar::http
