// Certificates for tests, made when a test runs: authorities, servers, clients; expired ones and ones for other names.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

namespace invar::http::testing {

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> dns_names;
  std::vector<std::string> addresses;
  int valid_from_days = -1;  // relative to now
  int valid_to_days = 1;
};

struct CertificatePair {
  std::string certificate_pem;
  std::string key_pem;
};

class Authority {
 public:
  explicit Authority(std::string common_name);
  [[nodiscard]] const std::string& pem() const { return own_.certificate_pem; }
  [[nodiscard]] const CertificatePair& own() const { return own_; }
  [[nodiscard]] CertificatePair issue(const CertificateRequest& request) const;

 private:
  std::string common_name_;
  std::shared_ptr<EVP_PKEY> key_;
  CertificatePair own_;
};

// A certificate that signed itself.
CertificatePair self_signed(const CertificateRequest& request);

}  // namespace invar::http::testing
