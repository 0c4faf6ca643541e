// Certificates and keys in OpenSSL's form, parsed once and shared by all connections of a client (or server).
// Threads: loop thread. Lifetime: shared_ptr; a connection under way keeps the material it began with.
// Errors:  the build-time texts of http-client.md 2.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/client.h"
#include "http/file_cache.h"

namespace invar::http {

using X509Ptr = std::shared_ptr<X509>;
using KeyPtr = std::shared_ptr<EVP_PKEY>;
using StorePtr = std::shared_ptr<X509_STORE>;

// The roots of the system, loaded once per process.
StorePtr system_roots();
// A store with every certificate of the PEM text; null when there is none.
StorePtr parse_roots(std::string_view pem);
// The certificates of a PEM text in order; empty when there is none or one is damaged.
std::vector<X509Ptr> parse_certificates(std::string_view pem);
// PKCS#1, PKCS#8 or EC; null otherwise. Encrypted keys are not asked for a pass phrase.
KeyPtr parse_key(std::string_view pem);
// "" when the key belongs to the certificate, else why not.
std::string key_mismatch(X509* certificate, EVP_PKEY* key);

int tls_version_number(std::string_view name);  // "TLS12" -> TLS1_2_VERSION; 0 when unknown

struct TlsMaterial {
  StorePtr roots;              // null: those of the system, loaded by the first handshake
  std::vector<X509Ptr> chain;  // empty: no client certificate
  KeyPtr key;
  std::string server_name;
  int min_version = 0;  // OpenSSL's number
  bool insecure = false;
};

// TlsSource: a TlsConfig and what its files hold now.
class TlsSource {
 public:
  TlsSource(TlsConfig config, std::shared_ptr<FileCache> files)
      : config_(std::move(config)), files_(std::move(files)) {}

  // As current(), after reading the files on this thread.
  Result<std::shared_ptr<const TlsMaterial>> load();
  // Of what the last look at files() found. The same pointer while nothing changed. A file that cannot be read is an error; new
  // content that is no usable certificate keeps the old material, and take_complaint() says so once.
  Result<std::shared_ptr<const TlsMaterial>> current();
  [[nodiscard]] std::vector<std::string> files() const;
  std::string take_complaint() { return std::exchange(complaint_, {}); }

 private:
  using Text = std::shared_ptr<const std::string>;
  Result<std::shared_ptr<const TlsMaterial>> build(const Text& ca, const Text& cert, const Text& key) const;

  TlsConfig config_;
  std::shared_ptr<FileCache> files_;
  Text ca_, cert_, key_;
  std::shared_ptr<const TlsMaterial> material_;
  std::string complaint_;
};

}  // namespace invar::http
