// What happens inside OpenSSL on a client connection: our roots, our client certificate, the verified name, and a report
// in words of what went wrong.
// Threads: loop thread.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "http/tls_material.h"

namespace invar::http {

// Filled during a handshake; outlives it as long as somebody wants to explain a failure.
struct TlsReport {
  long verify_error = 0;
  X509Ptr certificate;  // the one that was not accepted, or the server's own
  bool client_certificate_wanted = false;
};

// Prepares the context of one connection. `material` is shared, not copied.
void prepare_context(SSL_CTX* context, std::shared_ptr<const TlsMaterial> material,
                     std::shared_ptr<TlsReport> report);

// The names that a certificate is for: `"a.example", "*.b.example", 10.0.0.1`; at most `limit` of them.
std::string certificate_names(X509* certificate, std::size_t limit = 5);

// Why the certificate of `peer` was refused, or "" when the report knows nothing.
// `library_text` is curl's own message, used to tell a wrong name.
std::string explain_tls_failure(const TlsReport& report, std::string_view peer, std::string_view wanted_name,
                                std::string_view library_text, bool offered_certificate);

}  // namespace invar::http
