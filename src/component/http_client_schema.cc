#include "component/http_client_schema.h"

#include <algorithm>
#include <array>

#include "base/shown_text.h"
#include "base/strings.h"
#include "component/choice_rule.h"
#include "component/url_rule.h"

namespace invar::syntax {

StaticType Codec<http::SecretText>::static_type() {
  return static_type_of<http::SecretText>(StaticType::Kind::kSecret);
}

std::expected<http::SecretText, DecodeError> Codec<http::SecretText>::decode(const Value& v) {
  if (v.is_null()) return http::SecretText{};
  auto secret = decode_secret(v);
  if (!secret) return std::unexpected(std::move(secret).error());
  return http::SecretText{std::move(secret->text)};
}

Value Codec<http::SecretText>::encode(const http::SecretText& v) {
  return Value(CapsulePtr(std::make_shared<const Secret>(v.value)));
}

}  // namespace invar::syntax

namespace invar::component {
namespace {

using http::Authorization;
using http::BasicAuth;
using http::ClientConfig;
using http::OAuth2;
using http::ProxyConfig;
using http::TlsConfig;
using syntax::Codec;
using syntax::DecodeError;
using syntax::Schema;
using syntax::SchemaBuilder;
using syntax::StaticType;
using syntax::Value;

template <class C>
std::optional<DecodeError> literal_error(const Value& v) {
  auto decoded = C::decode(v);
  if (decoded) return std::nullopt;
  return std::move(decoded).error();
}

// Checked where it is written, and never shown with its password.
struct ProxyUrlCodec : Codec<std::string> {
  static StaticType static_type() {
    return {StaticType::Kind::kTextEncoded, nullptr, &literal_error<ProxyUrlCodec>};
  }
  static std::expected<std::string, DecodeError> decode(const Value& v) {
    if (v.is_null()) return std::string();
    auto text = Codec<std::string>::decode(v);
    if (!text) return text;
    // A written empty text is no proxy, and still satisfies "no_proxy needs proxy_url": see http::ProxyConfig.
    if (text->empty()) return " ";
    const auto url = http::parse_url(*text);
    if (!url) {
      std::string said =
          quote(shown_text(http::redact_url(*text))) + " is not a usable URL: " + url.error().message;
      if (said.find(": write ") == std::string::npos) said += "; write it as in \"http://proxy:3128\"";
      return std::unexpected(syntax::decode_failure(std::move(said)));
    }
    constexpr std::array<std::string_view, 4> kSchemes = {"http", "https", "socks5", "socks5h"};
    if (std::ranges::find(kSchemes, url->scheme) == kSchemes.end())
      return std::unexpected(syntax::decode_failure("unsupported scheme " + quote(url->scheme) +
                                                    " in proxy_url: use http, https, socks5 or socks5h"));
    return text;
  }
  static Value encode(const std::string& v) { return Value(v == " " ? std::string() : http::redact_url(v)); }
};

// A written empty version is unknown, too; only an absent one means the default.
struct TlsVersionCodec : Codec<std::string> {
  static StaticType static_type() {
    return {StaticType::Kind::kTextEncoded, nullptr, &literal_error<TlsVersionCodec>};
  }
  static std::expected<std::string, DecodeError> decode(const Value& v) {
    if (v.is_null()) return std::string();
    auto text = Codec<std::string>::decode(v);
    if (!text) return text;
    constexpr std::array<std::string_view, 4> kVersions = {"TLS10", "TLS11", "TLS12", "TLS13"};
    if (auto error = check_choice(*text, "unknown TLS version", kVersions))
      return std::unexpected(*std::move(error));
    return text;
  }
};

template <class T>
Result<> check(const T& block) {
  return http::validate(block);
}

Result<> check_pem(const TlsConfig& tls) {
  const struct {
    std::string_view name, text, file;
  } texts[] = {{"ca_pem", tls.ca_pem, "ca_file"},
               {"cert_pem", tls.cert_pem, "cert_file"},
               {"key_pem", tls.key_pem.value, "key_file"}};
  for (const auto& [name, text, file] : texts)
    if (!text.empty() && !text.contains("-----BEGIN "))
      return fail(ErrorCode::kInvalidArgument,
                  std::string(name) +
                      " is no PEM text, which begins with -----BEGIN; the path of a file belongs into " +
                      std::string(file));
  return {};
}

const Schema& proxy_schema() {
  static const Schema schema =
      SchemaBuilder<ProxyConfig>()
          .attribute_with<ProxyUrlCodec>("proxy_url", &ProxyConfig::proxy_url,
                                         "Proxy for all requests: http, https, socks5 or socks5h.")
          .attribute("no_proxy", &ProxyConfig::no_proxy,
                     "Comma-separated addresses, ranges and domains that are reached without the proxy.")
          .attribute("proxy_from_environment", &ProxyConfig::proxy_from_environment,
                     "Take the proxy from HTTP_PROXY, HTTPS_PROXY and NO_PROXY.")
          .attribute("proxy_connect_header", &ProxyConfig::proxy_connect_header,
                     "Headers for the proxy in CONNECT requests.")
          .valid([](const ProxyConfig& proxy) { return check_headers(proxy.proxy_connect_header); })
          .build();
  return schema;
}

const Schema& basic_auth_schema() {
  static const Schema schema = SchemaBuilder<BasicAuth>()
                                   .attribute("username", &BasicAuth::username, "User name.")
                                   .attribute("password", &BasicAuth::password, "Password.")
                                   .attribute("password_file", &BasicAuth::password_file,
                                              "File with the password; it is read again when it changes.")
                                   .check(&check<BasicAuth>)
                                   .build();
  return schema;
}

const Schema& authorization_schema() {
  static const Schema schema =
      SchemaBuilder<Authorization>()
          .attribute("type", &Authorization::type, "Authorization scheme; `Bearer` when empty.")
          .attribute("credentials", &Authorization::credentials, "What follows the scheme in the header.")
          .valid([](const Authorization& authorization) {
            return check_header("Authorization", authorization.credentials.value);
          })
          .attribute("credentials_file", &Authorization::credentials_file,
                     "File with the credentials; it is read again when it changes.")
          .check(&check<Authorization>)
          .build();
  return schema;
}

const Schema& oauth2_schema() {
  static const Schema schema =
      SchemaBuilder<OAuth2>()
          .attribute("client_id", &OAuth2::client_id, "Client identifier.")
          .attribute("client_secret", &OAuth2::client_secret, "Client secret.")
          .attribute("client_secret_file", &OAuth2::client_secret_file,
                     "File with the client secret; it is read again when it changes.")
          .attribute("scopes", &OAuth2::scopes, "Scopes to ask for.")
          .attribute_with<UrlCodec>("token_url", &OAuth2::token_url, "Where tokens are fetched.")
          .valid([](const OAuth2& oauth2) -> std::optional<DecodeError> {
            if (oauth2.token_url.empty()) return std::nullopt;  // that it is missing is said of the block
            return check_server_url(oauth2.token_url, {.example = "https://login.example/oauth2/token"});
          })
          .attribute("endpoint_params", &OAuth2::endpoint_params,
                     "Further parameters of the token request's body.")
          .squash(&OAuth2::proxy, proxy_schema())
          .block("tls_config", &OAuth2::tls, tls_config_schema(), "TLS towards the token server.")
          .check(&check<OAuth2>)
          .build();
  return schema;
}

}  // namespace

const Schema& tls_config_schema() {
  static const Schema schema =
      SchemaBuilder<TlsConfig>()
          .attribute("ca_pem", &TlsConfig::ca_pem,
                     "PEM text of the authorities to trust, in place of the system's.")
          .attribute("ca_file", &TlsConfig::ca_file,
                     "File with the authorities to trust, in place of the system's.")
          .attribute("cert_pem", &TlsConfig::cert_pem, "PEM text of the client certificate.")
          .attribute("cert_file", &TlsConfig::cert_file, "File with the client certificate.")
          .attribute("key_pem", &TlsConfig::key_pem, "PEM text of the client certificate's key.")
          .attribute("key_file", &TlsConfig::key_file, "File with the client certificate's key.")
          .attribute("server_name", &TlsConfig::server_name,
                     "Name to ask for and to expect in the server's certificate, in place of the URL's host.")
          .attribute("insecure_skip_verify", &TlsConfig::insecure_skip_verify,
                     "Accept any server certificate.")
          .attribute_with<TlsVersionCodec>("min_version", &TlsConfig::min_version,
                                           "Oldest acceptable version: TLS10, TLS11, TLS12 or TLS13.")
          .check(&check<TlsConfig>)
          .check(&check_pem)
          .build();
  return schema;
}

const Schema& http_client_schema() {
  static const Schema schema =
      SchemaBuilder<ClientConfig>()
          .attribute("bearer_token", &ClientConfig::bearer_token, "Bearer token.")
          .valid([](const ClientConfig& client) {
            return check_header("Authorization", client.bearer_token.value);
          })
          .attribute("bearer_token_file", &ClientConfig::bearer_token_file,
                     "File with a bearer token; it is read again when it changes.")
          .squash(&ClientConfig::proxy, proxy_schema())
          .attribute("follow_redirects", &ClientConfig::follow_redirects,
                     "Follow redirects; credentials stay with the first host.")
          .attribute("enable_http2", &ClientConfig::enable_http2, "Offer HTTP/2 over TLS.")
          .attribute("http_headers", &ClientConfig::http_headers, "Headers to add to each request.")
          .valid([](const ClientConfig& client) { return check_headers(client.http_headers); })
          .block("basic_auth", &ClientConfig::basic_auth, basic_auth_schema(), "User name and password.")
          .block("authorization", &ClientConfig::authorization, authorization_schema(),
                 "A generic Authorization header.")
          .block("oauth2", &ClientConfig::oauth2, oauth2_schema(), "OAuth 2.0 client credentials.")
          .block("tls_config", &ClientConfig::tls, tls_config_schema(), "TLS towards the server.")
          .check(&check<ClientConfig>)
          .build();
  return schema;
}

}  // namespace invar::component
