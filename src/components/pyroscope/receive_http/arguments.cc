#include "components/pyroscope/receive_http/arguments.h"

#include <fmt/format.h>

#include <array>

#include "base/strings.h"
#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "http/url.h"

namespace invar::components::pyroscope_receive_http {
namespace {

using syntax::Schema;
using syntax::SchemaBuilder;

constexpr std::string_view kVersionPrefix = "Version";
constexpr std::array<std::string_view, 4> kVersions = {"VersionTLS10", "VersionTLS11", "VersionTLS12",
                                                       "VersionTLS13"};

http::ServerTls to_server(const Tls& tls) {
  http::ServerTls out;
  out.cert_pem = tls.cert_pem;
  out.cert_file = tls.cert_file;
  out.key_pem = tls.key_pem;
  out.key_file = tls.key_file;
  out.client_ca_pem = tls.client_ca_pem.empty() ? tls.client_ca : tls.client_ca_pem;
  out.client_ca_file = tls.client_ca_file;
  out.client_auth_type = tls.client_auth_type;
  for (const std::string_view suite : split(tls.cipher_suites, ','))
    if (const std::string_view name = trim_space(suite); !name.empty()) out.cipher_suites.emplace_back(name);
  out.min_version = tls.min_version.starts_with(kVersionPrefix)
                        ? tls.min_version.substr(kVersionPrefix.size())
                        : tls.min_version;
  return out;
}

Result<> check_tls(const Tls& tls) {
  if (!tls.client_ca_pem.empty() && !tls.client_ca.empty())
    return invalid("client_ca and client_ca_pem are the same; write one of them");
  return http::validate(to_server(tls));
}

Result<> check_http(const HttpServer& http) {
  if (http.listen_port < 0 || http.listen_port > 65535)
    return invalid("listen_port must lie between 0 and 65535");
  if (http.conn_limit < 0) return invalid("conn_limit must not be negative");
  if (http.max_body_bytes <= 0) return invalid("max_body_bytes must be greater than 0");
  if (http.max_concurrent_requests < 0) return invalid("max_concurrent_requests must not be negative");
  if (http.server_idle_timeout <= Duration::zero())
    return invalid("server_idle_timeout must be greater than 0s");
  if (http.server_read_timeout < Duration::zero() || http.server_write_timeout < Duration::zero())
    return invalid("server_read_timeout and server_write_timeout must not be negative");
  return {};
}

// A host alone: the port has an attribute of its own.
std::optional<syntax::DecodeError> check_listen_address(const HttpServer& server) {
  const std::string& address = server.listen_address;
  const auto mistake = [&](std::string_view what, std::string_view host) {
    return syntax::decode_failure(fmt::format("{} {}; write {} here, and the port into listen_port",
                                              quote(address), what, quote(host)));
  };
  if (address.find("://") != std::string::npos) {
    const auto url = http::parse_url(address);
    return mistake("is a URL", url ? url->host : "0.0.0.0");
  }
  const auto parts = http::split_host_port(address);
  if (parts && !parts->port.empty()) return mistake("holds a port", parts->host);
  return std::nullopt;
}

// The server knows which names there are: it is asked about a configuration that has nothing else to complain of.
template <class Set>
auto known_name(Set set) {
  return [set](const Tls& tls) -> std::optional<syntax::DecodeError> {
    http::ServerTls probe;
    probe.cert_file = probe.key_file = "probe";
    set(tls, probe);
    const auto valid = http::validate(probe);
    if (valid) return std::nullopt;
    return syntax::decode_failure(valid.error().message);
  };
}

const Schema& tls_schema() {
  static const Schema schema =
      SchemaBuilder<Tls>()
          .attribute("cert_pem", &Tls::cert_pem, "Certificate of the server, as PEM text.")
          .attribute("cert_file", &Tls::cert_file, "File of the certificate, read again when it changes.")
          .attribute("key_pem", &Tls::key_pem, "Key of the certificate, as PEM text.")
          .attribute("key_file", &Tls::key_file, "File of the key, read again when it changes.")
          .attribute("client_auth_type", &Tls::client_auth_type,
                     "Whether clients need a certificate: `NoClientCert`, `RequestClientCert`, "
                     "`RequireAnyClientCert`, "
                     "`VerifyClientCertIfGiven` or `RequireAndVerifyClientCert`.")
          .valid(known_name(
              [](const Tls& tls, http::ServerTls& probe) { probe.client_auth_type = tls.client_auth_type; }))
          .attribute("client_ca_file", &Tls::client_ca_file,
                     "File of the authorities of client certificates.")
          .attribute("client_ca_pem", &Tls::client_ca_pem, "Authorities of client certificates, as PEM text.")
          .attribute("client_ca", &Tls::client_ca, "Another name of `client_ca_pem`.")
          .attribute("cipher_suites", &Tls::cipher_suites,
                     "Cipher suites on offer, by their IANA names, separated by commas.")
          .valid(known_name([](const Tls& tls, http::ServerTls& probe) {
            probe.cipher_suites = to_server(tls).cipher_suites;
          }))
          .attribute("min_version", &Tls::min_version,
                     "Lowest TLS version: `VersionTLS10` to `VersionTLS13`.")
          .valid([](const Tls& tls) -> std::optional<syntax::DecodeError> {
            if (tls.min_version.empty()) return std::nullopt;
            return component::check_choice(tls.min_version, "unknown TLS version", kVersions);
          })
          .check(&check_tls)
          .build();
  return schema;
}

const Schema& basic_auth_schema() {
  static const Schema schema =
      SchemaBuilder<BasicAuth>()
          .attribute("username", &BasicAuth::username, "The user name that clients have to give.")
          .required()
          .invar_only()
          .attribute("password", &BasicAuth::password, "The password that clients have to give.")
          .required()
          .invar_only()
          .build();
  return schema;
}

using Bool = syntax::IgnoredAs<bool>;
using Number = syntax::IgnoredAs<std::int64_t>;
using Text = syntax::IgnoredAs<std::string>;
using Time = syntax::IgnoredAs<Duration>;

const Schema& http2_schema() {
  static const Schema schema =
      SchemaBuilder<Http2>()
          .attribute("enabled", &Http2::enabled, "Not supported: clients are served over HTTP/1.1.")
          .attribute_with<Number>("max_handlers", &Http2::rest, "No effect.")
          .attribute_with<Number>("max_concurrent_streams", &Http2::rest, "No effect.")
          .attribute_with<Number>("max_decoder_header_table_size", &Http2::rest, "No effect.")
          .attribute_with<Number>("max_encoder_header_table_size", &Http2::rest, "No effect.")
          .attribute_with<Number>("max_read_frame_size", &Http2::rest, "No effect.")
          .attribute_with<Bool>("permit_prohibited_ciphers", &Http2::rest, "No effect.")
          .attribute_with<Time>("idle_timeout", &Http2::rest, "No effect.")
          .attribute_with<Time>("read_idle_timeout", &Http2::rest, "No effect.")
          .attribute_with<Time>("ping_timeout", &Http2::rest, "No effect.")
          .attribute_with<Time>("write_byte_timeout", &Http2::rest, "No effect.")
          .attribute_with<Number>("max_upload_buffer_per_connection", &Http2::rest, "No effect.")
          .attribute_with<Number>("max_upload_buffer_per_stream", &Http2::rest, "No effect.")
          .build();
  return schema;
}

const Schema& http_schema() {
  static const Schema schema =
      SchemaBuilder<HttpServer>()
          .attribute("listen_address", &HttpServer::listen_address, "Address to listen on; empty for all.")
          .valid(&check_listen_address)
          .attribute("listen_port", &HttpServer::listen_port,
                     "Port to listen on; 0 lets the system choose one.")
          .attribute("conn_limit", &HttpServer::conn_limit,
                     "Maximum number of connections at a time; more wait until one is closed. 0 is no limit.")
          .attribute("server_read_timeout", &HttpServer::server_read_timeout,
                     "Time limit of reading one request; `\"0s\"` leaves it to `server_idle_timeout`.")
          .attribute("server_write_timeout", &HttpServer::server_write_timeout,
                     "Time limit of writing one answer; `\"0s\"` leaves it to `server_idle_timeout`.")
          .attribute("server_idle_timeout", &HttpServer::server_idle_timeout,
                     "A connection on which nothing moves for this long is closed.")
          .attribute(
              "max_body_bytes", &HttpServer::max_body_bytes,
              "Largest request body, both as sent and unpacked; a larger one is answered with 413 or 400.")
          .invar_only()
          .attribute("max_concurrent_requests", &HttpServer::max_concurrent_requests,
                     "Requests that may wait for their profiles to be kept; more are answered with 503. 0 is "
                     "no limit.")
          .invar_only()
          .block("tls", &HttpServer::tls, tls_schema(), "TLS; without it the server speaks plain HTTP.")
          .block("basic_auth", &HttpServer::basic_auth, basic_auth_schema(),
                 "Credentials that every request has to carry; without it everybody may push.")
          .invar_only()
          .block("http2", &HttpServer::http2, http2_schema(), "Accepted for compatibility.")
          .check(&check_http)
          .build();
  return schema;
}

const Schema& grpc_schema() {
  static const Schema schema =
      SchemaBuilder<Grpc>()
          .attribute_with<Text>("listen_address", &Grpc::rest, "No effect.")
          .attribute_with<Number>("listen_port", &Grpc::rest, "No effect.")
          .attribute_with<Number>("conn_limit", &Grpc::rest, "No effect.")
          .attribute_with<Time>("max_connection_age", &Grpc::rest, "No effect.")
          .attribute_with<Time>("max_connection_age_grace", &Grpc::rest, "No effect.")
          .attribute_with<Time>("max_connection_idle", &Grpc::rest, "No effect.")
          .attribute_with<Number>("server_max_recv_msg_size", &Grpc::rest, "No effect.")
          .attribute_with<Number>("server_max_send_msg_size", &Grpc::rest, "No effect.")
          .attribute_with<Number>("server_max_concurrent_streams", &Grpc::rest, "No effect.")
          .block("tls", &Grpc::tls, tls_schema(), "No effect.")
          .build();
  return schema;
}

}  // namespace

const Schema& arguments_schema() {
  static const Schema schema =
      SchemaBuilder<Arguments>()
          .attribute("forward_to", &Arguments::forward_to, "List of receivers to send profiles to.")
          .required()
          .attribute("graceful_shutdown_timeout", &Arguments::graceful_shutdown_timeout,
                     "How long a stop waits for requests under way; never more than 1.5s.")
          .attribute("debug_info_upload_timeout", &Arguments::debug_info_upload_timeout,
                     "Accepted for compatibility: debug information is not taken.")
          .block("http", &Arguments::http, http_schema(), "The server that clients push to.")
          .block("grpc", &Arguments::grpc, grpc_schema(),
                 "Accepted for compatibility: nothing listens there.")
          .build();
  return schema;
}

http::ServerOptions server_options(const HttpServer& arguments) {
  http::ServerOptions out;
  out.listen_address = http::join_host_port(arguments.listen_address, std::to_string(arguments.listen_port));
  out.max_body_bytes = static_cast<std::uint64_t>(arguments.max_body_bytes);
  out.max_connections = static_cast<std::size_t>(arguments.conn_limit);
  out.read_timeout = arguments.server_read_timeout;
  out.write_timeout = arguments.server_write_timeout;
  out.idle_timeout = arguments.server_idle_timeout;
  if (arguments.tls) out.tls = to_server(*arguments.tls);
  out.tls_must_load = true;
  if (arguments.basic_auth)
    out.auth = http::ServerAuth{arguments.basic_auth->username, arguments.basic_auth->password, std::nullopt};
  return out;
}

std::vector<std::string> warnings(const Arguments& arguments) {
  std::vector<std::string> sentences;
  if (arguments.grpc) sentences.emplace_back("grpc has no effect: Invar listens for HTTP only");
  if (arguments.http.http2 && arguments.http.http2->enabled)
    sentences.emplace_back("http.http2.enabled has no effect: clients are served over HTTP/1.1");
  return sentences;
}

}  // namespace invar::components::pyroscope_receive_http
