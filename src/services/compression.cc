#include "services/compression.h"

#include "base/strings.h"
#include "codec/gzip.h"

namespace invar::services {
namespace {

constexpr std::size_t kWorthIt = 512;

// "q=0", "q=0.0": not wanted.
bool is_refused(std::string_view parameters) {
  const auto q = parameters.find("q=");
  return q != std::string_view::npos &&
         trim_space(parameters.substr(q + 2)).find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  for (const std::string_view item : split(accept_encoding, ',')) {
    const auto semicolon = item.find(';');
    const std::string_view coding = trim_space(item.substr(0, semicolon));
    const bool wanted = semicolon == std::string_view::npos || !is_refused(item.substr(semicolon));
    if (equals_ignore_case(coding, "gzip")) return wanted;
    if (coding == "*") any = wanted;
  }
  return any;
}

void send_compressed(const http::ServerRequest& request, const http::ResponderPtr& responder,
                     http::ServerResponse response) {
  response.headers.set("Vary", "Accept-Encoding");
  if (response.body.size() >= kWorthIt && accepts_gzip(request.headers.get("Accept-Encoding"))) {
    std::string packed;
    codec::Deflater().gzip(response.body, packed);
    response.body = std::move(packed);
    response.headers.set("Content-Encoding", "gzip");
  }
  responder->send(std::move(response));
}

}  // namespace invar::services
