#include "http/testing/certificates.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>

namespace invar::http::testing {
namespace {

using KeyPtr = std::shared_ptr<EVP_PKEY>;

KeyPtr new_key() {
  return {EVP_EC_gen("P-256"), EVP_PKEY_free};
}

template <class Write>
std::string pem_text(Write write) {
  BIO* bio = BIO_new(BIO_s_mem());
  write(bio);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string key_pem(EVP_PKEY* key) {
  return pem_text(
      [key](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void set_name(X509_NAME* name, const std::string& common_name) {
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
}

std::string make(const CertificateRequest& request, EVP_PKEY* key, const std::string& issuer,
                 EVP_PKEY* issuer_key, bool authority) {
  static std::atomic<long> serial = 1000;
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 86400L * request.valid_from_days);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * request.valid_to_days);
  set_name(X509_get_subject_name(certificate), request.common_name);
  set_name(X509_get_issuer_name(certificate), issuer);
  X509_set_pubkey(certificate, key);
  add_extension(certificate, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
  std::string names;
  for (const auto& name : request.dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
  for (const auto& address : request.addresses) names += (names.empty() ? "IP:" : ",IP:") + address;
  if (!names.empty()) add_extension(certificate, NID_subject_alt_name, names);
  X509_sign(certificate, issuer_key, EVP_sha256());
  const std::string text = pem_text([certificate](BIO* bio) { PEM_write_bio_X509(bio, certificate); });
  X509_free(certificate);
  return text;
}

}  // namespace

Authority::Authority(std::string common_name) : common_name_(std::move(common_name)), key_(new_key()) {
  own_ = {make({common_name_}, key_.get(), common_name_, key_.get(), true), key_pem(key_.get())};
}

CertificatePair Authority::issue(const CertificateRequest& request) const {
  const KeyPtr key = new_key();
  return {make(request, key.get(), common_name_, key_.get(), false), key_pem(key.get())};
}

CertificatePair self_signed(const CertificateRequest& request) {
  const KeyPtr key = new_key();
  return {make(request, key.get(), request.common_name, key.get(), false), key_pem(key.get())};
}

}  // namespace invar::http::testing
