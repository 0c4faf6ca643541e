// The `http` block: authentication and TLS of Invar's own HTTP server. Spec: runtime.md 12.3 (arguments and texts).
// Without the block, or without a part of it, the server is plain and open. The application hands the schema to the controller and
// what the arguments come to, to http::Server::set_security().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "component/http_client_schema.h"
#include "http/server.h"
#include "syntax/ignored.h"
#include "syntax/schema.h"

namespace invar::services {

struct HttpBasicAuth {
  std::string username;
  http::SecretText password;
  bool operator==(const HttpBasicAuth&) const = default;
};
struct HttpAuthFilter {
  std::vector<std::string> paths;
  bool authenticate_matching_paths = true;
  bool operator==(const HttpAuthFilter&) const = default;
};
struct HttpAuth {
  std::optional<HttpBasicAuth> basic;
  std::optional<HttpAuthFilter> filter;
  bool operator==(const HttpAuth&) const = default;
};

// Names that are checked where they are written.
struct ClientAuthType {
  std::string name = "NoClientCert";
  bool operator==(const ClientAuthType&) const = default;
};
struct CipherSuite {
  std::string name;
  bool operator==(const CipherSuite&) const = default;
};
struct Curve {
  std::string name;
  bool operator==(const Curve&) const = default;
};
struct TlsVersion {
  std::string name;  // "": the server's own choice
  bool operator==(const TlsVersion&) const = default;
};

// Certificates from the Windows store: read, and refused.
struct WindowsFilter {
  syntax::Ignored terms;
  bool operator==(const WindowsFilter&) const = default;
};
struct WindowsCertificateFilter {
  std::optional<WindowsFilter> server, client;
  bool operator==(const WindowsCertificateFilter&) const = default;
};

struct HttpTls {
  std::string cert_pem, cert_file, key_file, client_ca_pem, client_ca_file;
  http::SecretText key_pem;
  ClientAuthType client_auth_type;
  std::vector<CipherSuite> cipher_suites;
  std::vector<Curve> curve_preferences;
  TlsVersion min_version, max_version;
  std::optional<WindowsCertificateFilter> windows_certificate_filter;
  bool operator==(const HttpTls&) const = default;
};

struct HttpArguments {
  std::optional<HttpAuth> auth;
  std::optional<HttpTls> tls;
  bool operator==(const HttpArguments&) const = default;
};
const syntax::Schema& http_schema();

// What the server needs of them. No `basic` block: no authentication, whatever `filter` says.
std::optional<http::ServerTls> server_tls(const HttpArguments& arguments);
std::optional<http::ServerAuth> server_auth(const HttpArguments& arguments);

}  // namespace invar::services
