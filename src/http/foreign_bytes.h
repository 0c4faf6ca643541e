// What comes to a server of plain HTTP/1.1 and is something else, told by its first bytes. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/server_tls.h"

namespace invar::http {

inline bool speaks_tls(std::string_view bytes) {
  return bytes.starts_with(kTlsHandshakeByte);
}
inline bool speaks_http2(std::string_view bytes) {
  return bytes.starts_with("PRI * HTTP/2.0\r\n");
}

// The answer to HTTP/2 in its own frames (RFC 9113): no settings of ours, and GOAWAY with HTTP_1_1_REQUIRED, which some clients obey by
// themselves. `why` is shorter than 200 bytes.
inline std::string http2_refusal(std::string_view why) {
  std::string frames("\0\0\0\4\0\0\0\0\0\0\0", 11);
  frames += static_cast<char>(8 + why.size());
  frames += std::string_view("\7\0\0\0\0\0\0\0\0\0\0\0\0\x0d", 14);
  frames += why;
  return frames;
}

}  // namespace invar::http
