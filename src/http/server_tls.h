// TLS of the server: certificate files are looked at on every handshake and read when they changed.
// Errors: text for the log; a missing certificate file is no start-up error (runtime.md 12.3).
// Threads: loop thread.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "http/file_cache.h"
#include "http/server.h"

namespace invar::http {

inline constexpr char kTlsHandshakeByte = 0x16;  // what every TLS connection begins with

using SslContextPtr = std::shared_ptr<SSL_CTX>;

class ServerTlsSource {
 public:
  // `http2`: offered besides HTTP/1.1.
  ServerTlsSource(ServerTls config, std::shared_ptr<FileCache> files, bool http2)
      : config_(std::move(config)), files_(std::move(files)), http2_(http2) {}

  // As current(), after reading the files on this thread.
  Result<SslContextPtr> load();
  // The context for a new connection, of what the last look at files() found: the same one until a file changes. New files that do
  // not fit together yet (a rotation under way) leave the old context in force.
  Result<SslContextPtr> current();
  [[nodiscard]] std::vector<std::string> files() const;

 private:
  using Text = std::shared_ptr<const std::string>;
  Result<SslContextPtr> build(const std::string& certificate, const std::string& key,
                              const Text& client_ca) const;

  ServerTls config_;
  std::shared_ptr<FileCache> files_;
  const bool http2_;
  Text certificate_, key_, client_ca_;
  SslContextPtr context_;
};

}  // namespace invar::http
