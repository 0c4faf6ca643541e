// The checks of http-client.md 2: exact texts, fixed order, no file is opened.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "http/client.h"
#include "http/url.h"

namespace invar::http {
namespace {

Result<> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

constexpr std::array<std::string_view, 18> kReservedHeaders = {
    "Authorization",
    "Host",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "User-Agent",
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Www-Authenticate",
    "Accept-Encoding",
    "X-Prometheus-Remote-Write-Version",
    "X-Prometheus-Remote-Read-Version",
    "X-Prometheus-Scrape-Timeout-Seconds",
    "X-Amz-Date",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
};

// One blank stands for a `proxy_url = ""` that somebody wrote: it is no proxy, and no_proxy beside it is no mistake.
bool no_proxy_url(const ProxyConfig& proxy) {
  return trim_space(proxy.proxy_url).empty();
}

Result<> validate_proxy(const ProxyConfig& proxy) {
  if (!proxy.proxy_connect_header.empty() && no_proxy_url(proxy) && !proxy.proxy_from_environment) {
    return invalid(
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured");
  }
  if (proxy.proxy_from_environment && !no_proxy_url(proxy)) {
    return invalid("if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (proxy.proxy_from_environment && !proxy.no_proxy.empty()) {
    return invalid("if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (!proxy.no_proxy.empty() && proxy.proxy_url.empty()) {
    return invalid("if no_proxy is configured, proxy_url must also be configured");
  }
  if (!no_proxy_url(proxy)) {
    const auto url = parse_url(proxy.proxy_url);
    if (!url) return invalid(fmt::format("proxy_url is not a usable URL: {}", url.error().message));
    if (url->scheme != "http" && url->scheme != "https" && url->scheme != "socks5" &&
        url->scheme != "socks5h") {
      return invalid(fmt::format("unsupported scheme {} in proxy_url: use http, https, socks5 or socks5h",
                                 quote(url->scheme)));
    }
  }
  for (const auto& [name, values] : proxy.proxy_connect_header) {
    if (!is_header_token(name))
      return invalid(fmt::format("proxy_connect_header: {} is not a header name", quote(name)));
    for (const auto& value : values) {
      if (!is_header_value(value.value)) {
        return invalid(
            fmt::format("proxy_connect_header: a value of {} holds a control character", quote(name)));
      }
    }
  }
  return {};
}

}  // namespace

Result<> validate(const TlsConfig& tls) {
  if (!tls.ca_pem.empty() && !tls.ca_file.empty())
    return invalid("at most one of ca_pem and ca_file must be configured");
  if (!tls.cert_pem.empty() && !tls.cert_file.empty()) {
    return invalid("at most one of cert_pem and cert_file must be configured");
  }
  if (!tls.key_pem.value.empty() && !tls.key_file.empty()) {
    return invalid("at most one of key_pem and key_file must be configured");
  }
  const bool has_cert = !tls.cert_pem.empty() || !tls.cert_file.empty();
  const bool has_key = !tls.key_pem.value.empty() || !tls.key_file.empty();
  if (has_cert && !has_key) {
    return invalid(
        "exactly one of key_pem or key_file must be configured when a client certificate is configured");
  }
  if (has_key && !has_cert) {
    return invalid("exactly one of cert_pem or cert_file must be configured when a client key is configured");
  }
  constexpr std::array<std::string_view, 5> kVersions = {"", "TLS10", "TLS11", "TLS12", "TLS13"};
  if (std::ranges::find(kVersions, tls.min_version) == kVersions.end()) {
    return invalid(fmt::format("unknown TLS version: {}", tls.min_version));
  }
  return {};
}

Result<> validate(const BasicAuth& basic) {
  if (!basic.password.value.empty() && !basic.password_file.empty()) {
    return invalid("at most one of basic_auth password & password_file must be configured");
  }
  return {};
}

Result<> validate(const Authorization& authorization) {
  if (!authorization.credentials.value.empty() && !authorization.credentials_file.empty()) {
    return invalid("at most one of authorization credentials & credentials_file must be configured");
  }
  if (equals_ignore_case(trim_space(authorization.type), "basic")) {
    return invalid("authorization type cannot be set to \"basic\", use \"basic_auth\" block instead");
  }
  return {};
}

Result<> validate(const OAuth2& oauth2) {
  if (oauth2.client_id.empty()) return invalid("oauth2 client_id must be configured");
  if (oauth2.client_secret.value.empty() && oauth2.client_secret_file.empty()) {
    return invalid("either oauth2 client_secret or client_secret_file must be configured");
  }
  if (oauth2.token_url.empty()) return invalid("oauth2 token_url must be configured");
  if (!oauth2.client_secret.value.empty() && !oauth2.client_secret_file.empty()) {
    return invalid("at most one of oauth2 client_secret & client_secret_file must be configured");
  }
  return validate_proxy(oauth2.proxy);
}

Result<> validate(const ClientConfig& config) {
  const int methods = int{config.basic_auth.has_value()} + int{config.authorization.has_value()} +
                      int{config.oauth2.has_value()} + int{!config.bearer_token.value.empty()} +
                      int{!config.bearer_token_file.empty()};
  if (methods > 1) {
    return invalid(
        "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be "
        "configured");
  }
  for (const auto& [name, values] : config.http_headers) {
    const std::string canonical = canonical_header_name(name);
    if (std::ranges::find(kReservedHeaders, canonical) != kReservedHeaders.end()) {
      return invalid(fmt::format("setting header \"{}\" is not allowed", canonical));
    }
    if (!is_header_token(name))
      return invalid(fmt::format("http_headers: {} is not a header name", quote(name)));
    for (const auto& value : values) {
      if (!is_header_value(value.value)) {
        return invalid(fmt::format("http_headers: a value of {} holds a control character", quote(name)));
      }
    }
  }
  return validate_proxy(config.proxy);
}

std::string_view to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::kResolve:
      return "resolve";
    case FailureKind::kConnect:
      return "connect";
    case FailureKind::kTls:
      return "tls";
    case FailureKind::kProxy:
      return "proxy";
    case FailureKind::kTimeout:
      return "timeout";
    case FailureKind::kBodyTooLarge:
      return "body_too_large";
    case FailureKind::kRedirect:
      return "redirect";
    case FailureKind::kCredentials:
      return "credentials";
    case FailureKind::kProtocol:
      return "protocol";
    case FailureKind::kOther:
      return "other";
  }
  return "other";
}

}  // namespace invar::http
