#include "http/tls_material.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace invar::http {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

std::unique_ptr<BIO, BioDeleter> memory_bio(std::string_view text) {
  return std::unique_ptr<BIO, BioDeleter>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_pass_phrase(char*, int, int, void*) {
  return 0;
}

std::string where(const std::string& file) {
  return file.empty() ? "inline" : "file " + file;
}

}  // namespace

StorePtr system_roots() {
  static const StorePtr store = [] {
    StorePtr roots(X509_STORE_new(), X509_STORE_free);
    X509_STORE_set_default_paths(roots.get());
    ERR_clear_error();
    return roots;
  }();
  return store;
}

std::vector<X509Ptr> parse_certificates(std::string_view pem) {
  const auto bio = memory_bio(pem);
  std::vector<X509Ptr> out;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr)) {
    out.emplace_back(certificate, X509_free);
  }
  const auto error = ERR_peek_last_error();
  const bool clean_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!clean_end) out.clear();
  return out;
}

StorePtr parse_roots(std::string_view pem) {
  // Like Go: damaged certificates between good ones are skipped, none at all is the error.
  const auto bio = memory_bio(pem);
  StorePtr store(X509_STORE_new(), X509_STORE_free);
  int count = 0;
  while (true) {
    const X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr), X509_free);
    if (!certificate) {
      const auto error = ERR_peek_last_error();
      ERR_clear_error();
      if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE) break;
      if (BIO_eof(bio.get())) break;
      continue;
    }
    if (X509_STORE_add_cert(store.get(), certificate.get()) == 1) ++count;
  }
  ERR_clear_error();
  // A certificate that the user named is trusted as it is, also when it is not self-signed.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return count > 0 ? store : nullptr;
}

KeyPtr parse_key(std::string_view pem) {
  const auto bio = memory_bio(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr), EVP_PKEY_free);
  ERR_clear_error();
  return key;
}

std::string key_mismatch(X509* certificate, EVP_PKEY* key) {
  const int ok = X509_check_private_key(certificate, key);
  ERR_clear_error();
  return ok == 1 ? "" : "the private key does not belong to the certificate";
}

int tls_version_number(std::string_view name) {
  if (name == "TLS10") return TLS1_VERSION;
  if (name == "TLS11") return TLS1_1_VERSION;
  if (name == "TLS12") return TLS1_2_VERSION;
  if (name == "TLS13") return TLS1_3_VERSION;
  return 0;
}

Result<std::shared_ptr<const TlsMaterial>> TlsSource::build(const Text& ca, const Text& cert,
                                                            const Text& key) const {
  auto material = std::make_shared<TlsMaterial>();
  material->server_name = config_.server_name;
  material->insecure = config_.insecure_skip_verify;
  material->min_version =
      config_.min_version.empty() ? TLS1_2_VERSION : tls_version_number(config_.min_version);
  if (ca) material->roots = parse_roots(*ca);
  if (ca && !material->roots) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("unable to use specified CA cert {}", where(config_.ca_file)));
  }
  if (cert && key) {
    material->chain = parse_certificates(*cert);
    material->key = parse_key(*key);
    std::string why;
    if (material->chain.empty()) {
      why = "no certificate found in the PEM data of the certificate";
    } else if (!material->key) {
      why = "no usable private key found in the PEM data of the key";
    } else {
      why = key_mismatch(material->chain.front().get(), material->key.get());
    }
    if (!why.empty()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("unable to use specified client cert ({}) & key ({}): {}",
                              where(config_.cert_file), where(config_.key_file), why));
    }
  }
  return material;
}

std::vector<std::string> TlsSource::files() const {
  std::vector<std::string> out;
  for (const auto* file : {&config_.ca_file, &config_.cert_file, &config_.key_file})
    if (!file->empty()) out.push_back(*file);
  return out;
}

Result<std::shared_ptr<const TlsMaterial>> TlsSource::load() {
  for (const std::string& file : files()) (void)files_->read(file);
  return current();
}

Result<std::shared_ptr<const TlsMaterial>> TlsSource::current() {
  const bool first = !material_;
  const bool static_texts = config_.ca_file.empty() && config_.cert_file.empty() && config_.key_file.empty();
  if (!first && static_texts) return material_;

  const auto load = [&](const std::string& file, const std::string& inline_text,
                        std::string_view what) -> Result<Text> {
    if (file.empty()) return inline_text.empty() ? Text() : share(inline_text);
    auto text = files_->found(file);
    if (!text) return std::unexpected(text.error().wrapped(what));
    return text;
  };
  const bool had_first = !first;
  INVAR_ASSIGN_OR_RETURN(Text ca, load(config_.ca_file, config_.ca_pem, "unable to read CA cert"));
  INVAR_ASSIGN_OR_RETURN(
      Text cert, load(config_.cert_file, config_.cert_pem,
                      had_first ? "unable to read client cert" : "unable to read specified client cert"));
  INVAR_ASSIGN_OR_RETURN(
      Text key, load(config_.key_file, config_.key_pem.value,
                     had_first ? "unable to read client key" : "unable to read specified client key"));
  // Inline texts are new objects each time; they cannot differ.
  const auto same = [](const std::string& file, const Text& a, const Text& b) {
    return file.empty() || a == b;
  };
  if (!first && same(config_.ca_file, ca, ca_) && same(config_.cert_file, cert, cert_) &&
      same(config_.key_file, key, key_)) {
    return material_;
  }
  auto built = build(ca, cert, key);
  if (built) {
    material_ = *std::move(built);
  } else if (first) {
    return std::unexpected(std::move(built).error());
  } else {
    complaint_ = built.error().message;
  }
  ca_ = std::move(ca);
  cert_ = std::move(cert);
  key_ = std::move(key);
  return material_;
}

}  // namespace invar::http
