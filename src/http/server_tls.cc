#include "http/server_tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>

#include "base/choice.h"
#include "base/strings.h"
#include "http/tls_material.h"

namespace invar::http {
namespace {

struct SuiteName {
  std::string openssl;
  bool tls13 = false;
};

// OpenSSL's name of an IANA suite; empty when the library does not have it.
SuiteName find_suite(const std::string& iana) {
  static const SslContextPtr all = [] {
    SslContextPtr context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
    SSL_CTX_set_cipher_list(context.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
    ERR_clear_error();
    return context;
  }();
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(all.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    const char* name = SSL_CIPHER_standard_name(cipher);
    if (name && iana == name) {
      return {SSL_CIPHER_get_name(cipher), std::string_view(SSL_CIPHER_get_version(cipher)) == "TLSv1.3"};
    }
  }
  return {};
}

constexpr std::array<std::string_view, 4> kCurves = {"CurveP256", "CurveP384", "CurveP521", "X25519"};

const char* find_curve(const std::string& name) {
  if (name == "CurveP256") return "P-256";
  if (name == "CurveP384") return "P-384";
  if (name == "CurveP521") return "P-521";
  if (name == "X25519") return "X25519";
  return nullptr;
}

constexpr std::array<std::string_view, 4> kVersions = {"TLS10", "TLS11", "TLS12", "TLS13"};

constexpr std::array<std::string_view, 5> kClientAuthTypes = {
    "NoClientCert", "RequestClientCert", "RequireAnyClientCert", "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert"};

int accept_any_certificate(int, X509_STORE_CTX*) {
  return 1;
}

// Where only HTTP/1.1 is spoken, a client that insists on h2 alone is told so by the handshake.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                    unsigned in_size, void* http2) {
  static constexpr unsigned char kBoth[] = "\x02h2\x08http/1.1";
  const unsigned char* ours = http2 != nullptr ? kBoth : kBoth + 3;
  const auto size = static_cast<unsigned>(kBoth + sizeof kBoth - 1 - ours);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, ours, size, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void set_client_auth(SSL_CTX* context, const std::string& type) {
  if (type == "RequestClientCert") SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any_certificate);
  if (type == "RequireAnyClientCert") {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any_certificate);
  }
  if (type == "VerifyClientCertIfGiven") SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (type == "RequireAndVerifyClientCert") {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
}

}  // namespace

Result<> validate(const ServerTls& tls) {
  const auto both = [](std::string_view name) {
    return invalid(fmt::format("cannot specify both {0}_pem and {0}_file", name));
  };
  const bool key_pem = !tls.key_pem.value.empty();
  if (!tls.cert_pem.empty() && !tls.cert_file.empty()) return both("cert");
  if (key_pem && !tls.key_file.empty()) return both("key");
  if (tls.cert_pem.empty() && tls.cert_file.empty())
    return invalid("must specify either cert_pem or cert_file");
  if (!key_pem && tls.key_file.empty()) return invalid("must specify either key_pem or key_file");
  if (!tls.client_ca_pem.empty() && !tls.client_ca_file.empty()) return both("client_ca");
  if (std::ranges::find(kClientAuthTypes, tls.client_auth_type) == kClientAuthTypes.end()) {
    return invalid(wrong_choice("unknown client auth type", tls.client_auth_type, kClientAuthTypes));
  }
  if (tls.client_auth_type == "NoClientCert" && !(tls.client_ca_pem.empty() && tls.client_ca_file.empty())) {
    return invalid("cannot specify client_ca_pem or client_ca_file when client_auth_type is NoClientCert");
  }
  for (const auto& suite : tls.cipher_suites) {
    if (find_suite(suite).openssl.empty()) return invalid(fmt::format("unknown cipher {}", quote(suite)));
  }
  for (const auto& curve : tls.curve_preferences) {
    if (!find_curve(curve)) return invalid(wrong_choice("unknown curve", curve, kCurves));
  }
  for (const auto& version : {tls.min_version, tls.max_version}) {
    if (!version.empty() && tls_version_number(version) == 0) {
      return invalid(wrong_choice("unknown TLS version", version, kVersions));
    }
  }
  return {};
}

Result<SslContextPtr> ServerTlsSource::build(const std::string& certificate, const std::string& key,
                                             const Text& client_ca) const {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX* c = context.get();
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  const int min_version =
      config_.min_version.empty() ? TLS1_2_VERSION : tls_version_number(config_.min_version);
  SSL_CTX_set_min_proto_version(c, min_version);
  SSL_CTX_set_max_proto_version(
      c, config_.max_version.empty() ? TLS1_3_VERSION : tls_version_number(config_.max_version));
  if (min_version < TLS1_2_VERSION) SSL_CTX_set_security_level(c, 0);

  std::vector<std::string> old_suites;
  for (const auto& name : config_.cipher_suites) {
    // As in the original, the suites of TLS 1.3 are always all on offer.
    if (auto suite = find_suite(name); !suite.tls13) old_suites.push_back(std::move(suite.openssl));
  }
  if (!old_suites.empty()) {
    SSL_CTX_set_cipher_list(c, join(old_suites, ":").c_str());
  } else if (!config_.cipher_suites.empty()) {
    SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
  }
  std::vector<std::string> curves;
  curves.reserve(config_.curve_preferences.size());
  for (const auto& name : config_.curve_preferences) curves.emplace_back(find_curve(name));
  if (!curves.empty()) SSL_CTX_set1_groups_list(c, join(curves, ":").c_str());

  const auto chain = parse_certificates(certificate);
  if (chain.empty())
    return fail(ErrorCode::kInvalidArgument,
                "no certificate found in the PEM data of the server certificate");
  const auto private_key = parse_key(key);
  if (!private_key)
    return fail(ErrorCode::kInvalidArgument, "no usable private key found in the PEM data of the server key");
  if (const auto why = key_mismatch(chain.front().get(), private_key.get()); !why.empty()) {
    return fail(ErrorCode::kInvalidArgument, why);
  }
  SSL_CTX_use_certificate(c, chain.front().get());
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(c, chain[i].get());
  SSL_CTX_use_PrivateKey(c, private_key.get());

  // Without client certificates nothing is held against the roots of the system, which take a while to load.
  if (client_ca || config_.client_auth_type != "NoClientCert") {
    const StorePtr roots = client_ca ? parse_roots(*client_ca) : system_roots();
    if (!roots)
      return fail(ErrorCode::kInvalidArgument, "no certificate found in the PEM data of the client CA");
    SSL_CTX_set1_cert_store(c, roots.get());
  }
  if (client_ca) {
    // Tells clients whose certificates are welcome.
    for (const auto& authority : parse_certificates(*client_ca)) SSL_CTX_add_client_CA(c, authority.get());
  }
  static constexpr unsigned char kSessionContext[] = "invar";
  SSL_CTX_set_session_id_context(c, kSessionContext, sizeof kSessionContext - 1);
  set_client_auth(c, config_.client_auth_type);
  static bool yes = true;
  SSL_CTX_set_alpn_select_cb(c, select_protocol, http2_ ? &yes : nullptr);
  ERR_clear_error();
  return context;
}

std::vector<std::string> ServerTlsSource::files() const {
  std::vector<std::string> out;
  for (const auto* file : {&config_.cert_file, &config_.key_file, &config_.client_ca_file})
    if (!file->empty()) out.push_back(*file);
  return out;
}

Result<SslContextPtr> ServerTlsSource::load() {
  for (const std::string& file : files()) (void)files_->read(file);
  return current();
}

Result<SslContextPtr> ServerTlsSource::current() {
  const auto load = [this](const std::string& file, const std::string& inline_text,
                           const Text& before) -> Result<Text> {
    if (!file.empty()) return files_->found(file);
    if (inline_text.empty()) return Text();
    return before ? before : share(inline_text);
  };
  INVAR_ASSIGN_OR_RETURN(Text certificate, load(config_.cert_file, config_.cert_pem, certificate_));
  INVAR_ASSIGN_OR_RETURN(Text key, load(config_.key_file, config_.key_pem.value, key_));
  INVAR_ASSIGN_OR_RETURN(Text client_ca, load(config_.client_ca_file, config_.client_ca_pem, client_ca_));
  if (context_ && certificate == certificate_ && key == key_ && client_ca == client_ca_) return context_;
  auto built = build(*certificate, *key, client_ca);
  if (!built && !context_) return std::unexpected(std::move(built).error());
  if (built) context_ = *std::move(built);
  certificate_ = std::move(certificate);
  key_ = std::move(key);
  client_ca_ = std::move(client_ca);
  return context_;
}

}  // namespace invar::http
