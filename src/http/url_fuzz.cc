// Every text that a peer or a configuration hands to this folder's own parsers.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/base64.h"
#include "http/idna.h"
#include "http/oauth2.h"
#include "http/proxy.h"
#include "http/redirect.h"
#include "http/response_head.h"
#include "http/url.h"

using namespace invar::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = parse_url(text)) {
    // What goes on the wire is a URL again, and stays as it is.
    const std::string wire = wire_url(*url);
    const auto again = parse_url(wire);
    if (!again || wire_url(*again) != wire) std::abort();
    for (const char c : wire) {
      if (c == '\r' || c == '\n' || c == ' ') std::abort();
    }
  }
  static const Url base = *parse_url("http://u:p@a.example:1/b/c/d;p?q");
  if (const auto target = resolve_reference(base, text)) {
    if (!parse_url(*target) && target->find_first_of("\r\n") != std::string::npos) std::abort();
  }
  RedirectChain chain{"a.example", 1, false};
  (void)next_hop(chain, base, "POST", 302, text);
  (void)redact_url(text);
  (void)parse_token_response({.status = 200, .body = std::string(text)}, "");
  (void)invar::codec::from_base64(text);
  (void)to_ascii_host(text);
  if (const std::string path = clean_path(text); path.find("/../") != std::string::npos) std::abort();
  const NoProxy rules(text);
  (void)rules.matches("a.example", "80");
  (void)rules.matches("10.1.2.3", "80");
  return 0;
}
