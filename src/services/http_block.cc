#include "services/http_block.h"

namespace invar::services {
namespace {

// The server knows which names there are: it is asked about a configuration that has nothing else to complain of.
template <class T, class Set>
Result<T> known_name(std::string_view text, Set set) {
  http::ServerTls probe;
  probe.cert_file = probe.key_file = "probe";
  set(probe, std::string(text));
  INVAR_TRY(http::validate(probe));
  return T{std::string(text)};
}

Result<ClientAuthType> parse_client_auth_type(std::string_view text) {
  return known_name<ClientAuthType>(
      text, [](http::ServerTls& probe, std::string name) { probe.client_auth_type = std::move(name); });
}
Result<CipherSuite> parse_cipher_suite(std::string_view text) {
  return known_name<CipherSuite>(
      text, [](http::ServerTls& probe, std::string name) { probe.cipher_suites = {std::move(name)}; });
}
Result<Curve> parse_curve(std::string_view text) {
  return known_name<Curve>(
      text, [](http::ServerTls& probe, std::string name) { probe.curve_preferences = {std::move(name)}; });
}
Result<TlsVersion> parse_tls_version(std::string_view text) {
  return known_name<TlsVersion>(
      text, [](http::ServerTls& probe, std::string name) { probe.min_version = std::move(name); });
}
template <class T>
std::string print_name(const T& value) {
  return value.name;
}

http::ServerTls to_server(const HttpTls& tls) {
  http::ServerTls out;
  out.cert_pem = tls.cert_pem;
  out.cert_file = tls.cert_file;
  out.key_pem = tls.key_pem;
  out.key_file = tls.key_file;
  out.client_ca_pem = tls.client_ca_pem;
  out.client_ca_file = tls.client_ca_file;
  out.client_auth_type = tls.client_auth_type.name;
  for (const CipherSuite& suite : tls.cipher_suites) out.cipher_suites.push_back(suite.name);
  for (const Curve& curve : tls.curve_preferences) out.curve_preferences.push_back(curve.name);
  out.min_version = tls.min_version.name;
  out.max_version = tls.max_version.name;
  return out;
}

}  // namespace
}  // namespace invar::services

namespace invar::syntax {
template <>
struct Codec<services::ClientAuthType> : TextCodec<services::ClientAuthType, services::parse_client_auth_type,
                                                   services::print_name<services::ClientAuthType>> {};
template <>
struct Codec<services::CipherSuite> : TextCodec<services::CipherSuite, services::parse_cipher_suite,
                                                services::print_name<services::CipherSuite>> {};
template <>
struct Codec<services::Curve>
    : TextCodec<services::Curve, services::parse_curve, services::print_name<services::Curve>> {};
template <>
struct Codec<services::TlsVersion> : TextCodec<services::TlsVersion, services::parse_tls_version,
                                               services::print_name<services::TlsVersion>> {};
}  // namespace invar::syntax

namespace invar::services {
namespace {

using syntax::Schema;
using syntax::SchemaBuilder;

const Schema& basic_schema() {
  static const Schema schema =
      SchemaBuilder<HttpBasicAuth>()
          .attribute("username", &HttpBasicAuth::username, "User name that requests must give.")
          .required()
          .attribute("password", &HttpBasicAuth::password, "Password that requests must give.")
          .required()
          .build();
  return schema;
}

const Schema& filter_schema() {
  static const Schema schema =
      SchemaBuilder<HttpAuthFilter>()
          .attribute("paths", &HttpAuthFilter::paths, "Beginnings of the paths that are meant.")
          .attribute("authenticate_matching_paths", &HttpAuthFilter::authenticate_matching_paths,
                     "Whether these paths need credentials, or all others.")
          .build();
  return schema;
}

const Schema& auth_schema() {
  static const Schema schema = SchemaBuilder<HttpAuth>()
                                   .block("basic", &HttpAuth::basic, basic_schema(), "Basic authentication.")
                                   .block("filter", &HttpAuth::filter, filter_schema(),
                                          "Which paths need credentials; without it all do.")
                                   .build();
  return schema;
}

using Text = syntax::IgnoredAs<std::string>;
using Texts = syntax::IgnoredAs<std::vector<std::string>>;
using Time = syntax::IgnoredAs<Duration>;

const Schema& windows_server_schema() {
  static const Schema schema =
      SchemaBuilder<WindowsFilter>()
          .attribute_with<Text>("store", &WindowsFilter::terms, "Name of the certificate store.")
          .attribute_with<Text>("system_store", &WindowsFilter::terms, "Where the store is.")
          .attribute_with<Texts>("issuer_common_names", &WindowsFilter::terms, "Issuers to look for.")
          .attribute_with<Text>("template_id", &WindowsFilter::terms, "Template to look for.")
          .attribute_with<Time>("refresh_interval", &WindowsFilter::terms, "Time between two searches.")
          .build();
  return schema;
}

const Schema& windows_client_schema() {
  static const Schema schema =
      SchemaBuilder<WindowsFilter>()
          .attribute_with<Texts>("issuer_common_names", &WindowsFilter::terms, "Issuers to accept.")
          .attribute_with<Text>("subject_regex", &WindowsFilter::terms, "Subjects to accept.")
          .attribute_with<Text>("template_id", &WindowsFilter::terms, "Template to accept.")
          .build();
  return schema;
}

const Schema& windows_filter_schema() {
  static const Schema schema =
      SchemaBuilder<WindowsCertificateFilter>()
          .block("server", &WindowsCertificateFilter::server, windows_server_schema(),
                 "The server's certificate.")
          .block("client", &WindowsCertificateFilter::client, windows_client_schema(),
                 "Certificates of clients.")
          .check([](const WindowsCertificateFilter&) -> Result<> {
            return fail(ErrorCode::kUnsupported, "windows_certificate_filter exists on Windows only");
          })
          .build();
  return schema;
}

const Schema& tls_schema() {
  static const Schema schema =
      SchemaBuilder<HttpTls>()
          .attribute("cert_pem", &HttpTls::cert_pem, "Certificate of the server, as PEM text.")
          .attribute("cert_file", &HttpTls::cert_file, "File of the certificate, read at each handshake.")
          .attribute("key_pem", &HttpTls::key_pem, "Key of the certificate, as PEM text.")
          .attribute("key_file", &HttpTls::key_file, "File of the key, read at each handshake.")
          .attribute("client_ca_pem", &HttpTls::client_ca_pem,
                     "Authorities of client certificates, as PEM text.")
          .attribute("client_ca_file", &HttpTls::client_ca_file,
                     "File of the authorities of client certificates.")
          .attribute("client_auth_type", &HttpTls::client_auth_type, "Whether clients need a certificate.")
          .default_text("\"NoClientCert\"")
          .attribute("cipher_suites", &HttpTls::cipher_suites, "Cipher suites on offer, by their IANA names.")
          .attribute("curve_preferences", &HttpTls::curve_preferences,
                     "Elliptic curves, the preferred first.")
          .attribute("min_version", &HttpTls::min_version, "Lowest TLS version: `TLS10` to `TLS13`.")
          .attribute("max_version", &HttpTls::max_version, "Highest TLS version: `TLS10` to `TLS13`.")
          .block("windows_certificate_filter", &HttpTls::windows_certificate_filter, windows_filter_schema(),
                 "Certificates from the Windows store: Windows only, refused here.")
          .check([](const HttpTls& tls) { return http::validate(to_server(tls)); })
          .build();
  return schema;
}

}  // namespace

const Schema& http_schema() {
  static const Schema schema =
      SchemaBuilder<HttpArguments>()
          .block("auth", &HttpArguments::auth, auth_schema(), "Who may use the HTTP server.")
          .block("tls", &HttpArguments::tls, tls_schema(), "TLS of the HTTP server; without it plain HTTP.")
          .build();
  return schema;
}

std::optional<http::ServerTls> server_tls(const HttpArguments& arguments) {
  if (!arguments.tls) return std::nullopt;
  return to_server(*arguments.tls);
}

std::optional<http::ServerAuth> server_auth(const HttpArguments& arguments) {
  if (!arguments.auth || !arguments.auth->basic) return std::nullopt;
  http::ServerAuth out{arguments.auth->basic->username, arguments.auth->basic->password, std::nullopt};
  if (const auto& filter = arguments.auth->filter)
    out.filter = http::ServerAuth::Filter{filter->paths, filter->authenticate_matching_paths};
  return out;
}

}  // namespace invar::services
