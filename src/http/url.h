// URL pieces beyond http/client.h: references, escapes, addresses, header names. All pure.
// Source: RFC 3986 section 5; the behaviour of Go's net/url where users see it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/client.h"

namespace invar::http {

// "%41" -> "A"; nullopt for a broken escape. `plus_is_space` for query strings.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

// The absolute URL that a Location header means.
Result<std::string> resolve_reference(const Url& base, std::string_view reference);

// scheme://host[:port]/path?query without user info and fragment: what goes on the wire.
std::string wire_url(const Url& url);

// "user:pass" decoded, for a Basic header; nullopt without user info.
std::optional<std::pair<std::string, std::string>> url_credentials(const Url& url);

std::string canonical_header_name(std::string_view name);  // "x-foo" -> "X-Foo"
bool is_header_token(std::string_view name);               // RFC 9110 token
bool is_header_value(std::string_view value);              // no control characters except tab

bool is_ip(const std::string& text);  // an address of IPv4 or IPv6, without brackets and zone

// What is wrong with a text that should be host or host:port (a URL, a path, an IPv6 address without brackets) and what to
// write instead; "" when it is none of these.
std::string address_mistake(std::string_view address);

// host and port of "h:p", "[v6]:p", "v6", "h"; port "" when absent.
struct HostPort {
  std::string host;
  std::string port;
};
std::optional<HostPort> split_host_port(std::string_view text);
std::string join_host_port(std::string_view host, std::string_view port);

}  // namespace invar::http
