#include "http/tls_hook.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/strings.h"
#include "http/url.h"

namespace invar::http {
namespace {

// Owned by the context: freed with the connection.
struct ContextData {
  std::shared_ptr<const TlsMaterial> material;
  std::shared_ptr<TlsReport> report;
};

int context_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void*, void* data, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<ContextData*>(data); });
  return index;
}

ContextData* data_of(const SSL* ssl) {
  return static_cast<ContextData*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index()));
}

int on_verify(int ok, X509_STORE_CTX* store) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  ContextData* data = data_of(ssl);
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  const int error = X509_STORE_CTX_get_error(store);
  if (ok == 0 && data->report->verify_error == 0) {
    data->report->verify_error = error;
    data->report->certificate.reset();
  }
  if (certificate && !data->report->certificate && (ok == 0 || X509_STORE_CTX_get_error_depth(store) == 0)) {
    X509_up_ref(certificate);
    data->report->certificate.reset(certificate, X509_free);
  }
  return ok;
}

// Called before the first message is built: the place to say another name than the URL's.
void on_info(const SSL* ssl, int where, int) {
  if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
  const std::string& name = data_of(ssl)->material->server_name;
  // An address is no server name: then none is sent.
  SSL_set_tlsext_host_name(const_cast<SSL*>(ssl), is_ip(name) ? nullptr : const_cast<char*>(name.c_str()));
}

int on_client_certificate(SSL* ssl, X509**, EVP_PKEY**) {
  data_of(ssl)->report->client_certificate_wanted = true;
  return 0;
}

std::string date_text(const ASN1_TIME* time) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(time, &tm) != 1) return "an unreadable date";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                     tm.tm_hour, tm.tm_min);
}

std::string issuer_text(X509* certificate) {
  char buffer[256] = {};
  if (X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_commonName, buffer, sizeof buffer) <=
      0) {
    X509_NAME_oneline(X509_get_issuer_name(certificate), buffer, sizeof buffer);
  }
  return quote(buffer);
}

}  // namespace

void prepare_context(SSL_CTX* context, std::shared_ptr<const TlsMaterial> material,
                     std::shared_ptr<TlsReport> report) {
  const TlsMaterial& m = *material;
  SSL_CTX_set1_cert_store(context, m.roots ? m.roots.get() : system_roots().get());
  SSL_CTX_set_min_proto_version(context, m.min_version);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  // The old versions sign with SHA-1, which the usual security level forbids: who asks for them means it.
  if (m.min_version < TLS1_2_VERSION) SSL_CTX_set_security_level(context, 0);
  // 34 KB less per idle connection.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  if (!m.chain.empty()) {
    SSL_CTX_use_certificate(context, m.chain.front().get());
    SSL_CTX_clear_chain_certs(context);
    for (std::size_t i = 1; i < m.chain.size(); ++i) SSL_CTX_add1_chain_cert(context, m.chain[i].get());
    SSL_CTX_use_PrivateKey(context, m.key.get());
  } else {
    SSL_CTX_set_client_cert_cb(context, on_client_certificate);
  }
  SSL_CTX_set_verify(context, m.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                     m.insecure ? nullptr : on_verify);
  if (!m.server_name.empty()) {
    SSL_CTX_set_info_callback(context, on_info);
    if (!m.insecure) {
      X509_VERIFY_PARAM* param = SSL_CTX_get0_param(context);
      if (is_ip(m.server_name)) {
        X509_VERIFY_PARAM_set1_ip_asc(param, m.server_name.c_str());
      } else {
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        X509_VERIFY_PARAM_set1_host(param, m.server_name.c_str(), m.server_name.size());
      }
    }
  }
  delete static_cast<ContextData*>(SSL_CTX_get_ex_data(context, context_index()));
  SSL_CTX_set_ex_data(context, context_index(), new ContextData{std::move(material), std::move(report)});
}

std::string certificate_names(X509* certificate, std::size_t limit) {
  std::vector<std::string> names;
  auto* alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, i);
    int type = 0;
    auto* value = static_cast<ASN1_STRING*>(GENERAL_NAME_get0_value(name, &type));
    if (type == GEN_DNS) {
      names.push_back(quote(std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                             static_cast<std::size_t>(ASN1_STRING_length(value)))));
    } else if (type == GEN_IPADD) {
      char buffer[INET6_ADDRSTRLEN] = {};
      const int family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
      if (inet_ntop(family, ASN1_STRING_get0_data(value), buffer, sizeof buffer)) names.emplace_back(buffer);
    }
  }
  GENERAL_NAMES_free(alternatives);
  if (names.empty()) {
    char buffer[256] = {};
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, buffer, sizeof buffer) >
        0) {
      return fmt::format("only the old-style common name {}", quote(buffer));
    }
    return "no name";
  }
  const std::size_t more = names.size() > limit ? names.size() - limit : 0;
  names.resize(names.size() - more);
  std::string text = join(names, ", ");
  if (more > 0) text += fmt::format(" and {} more", more);
  return text;
}

std::string explain_tls_failure(const TlsReport& report, std::string_view peer, std::string_view wanted_name,
                                std::string_view library_text, bool offered_certificate) {
  X509* certificate = report.certificate.get();
  const auto wrong_name = [&] {
    return fmt::format("the certificate of {} is not for {}: it names {}", peer, quote(wanted_name),
                       certificate_names(certificate));
  };
  switch (report.verify_error) {
    case X509_V_OK:
      break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("the certificate of {} expired on {}", peer,
                         date_text(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("the certificate of {} is not valid before {}", peer,
                         date_text(X509_get0_notBefore(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return wrong_name();
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format("the certificate of {} was issued by {}, which is not trusted here", peer,
                         issuer_text(certificate));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format("the certificate of {} is signed by its own maker {}, which is not trusted here",
                         peer, issuer_text(certificate));
    default:
      return fmt::format("the certificate of {} was refused: {}", peer,
                         X509_verify_cert_error_string(report.verify_error));
  }
  if (certificate && library_text.find("does not match target host name") != std::string_view::npos)
    return wrong_name();
  if (certificate && library_text.find("certificate subject name") != std::string_view::npos)
    return wrong_name();
  const bool says_required = library_text.find("certificate required") != std::string_view::npos;
  const bool handshake_refused = library_text.find("handshake failure") != std::string_view::npos ||
                                 library_text.find("bad certificate") != std::string_view::npos;
  if (says_required || (report.client_certificate_wanted && handshake_refused)) {
    return fmt::format("{} wants a client certificate", peer);
  }
  if (offered_certificate && (library_text.find("unknown ca") != std::string_view::npos ||
                              library_text.find("bad certificate") != std::string_view::npos ||
                              library_text.find("certificate expired") != std::string_view::npos)) {
    return fmt::format("{} refused our client certificate", peer);
  }
  return {};
}

}  // namespace invar::http
