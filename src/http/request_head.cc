#include "http/request_head.h"

#include "base/strings.h"

namespace invar::http {
namespace {

// What the URL says, without the default port and without the zone of an IPv6 address, which means nothing to the peer.
std::string host_field(std::string_view authority) {
  if (authority.ends_with(":80")) authority.remove_suffix(3);
  std::string host(authority);
  const auto zone = host.find('%');
  const auto close = host.find(']');
  if (zone != std::string::npos && close != std::string::npos && zone < close) host.erase(zone, close - zone);
  return host;
}

}  // namespace

std::uint64_t part_size(const std::string* part) {
  return part ? part->size() : 0;
}

bool never_sent(std::string_view name) {
  switch (name.size()) {
    case 7:
      return equals_ignore_case(name, "Trailer");
    case 14:
      return equals_ignore_case(name, "Content-Length");
    case 17:
      return equals_ignore_case(name, "Transfer-Encoding");
    default:
      return false;
  }
}

std::uint64_t body_size(const Attempt& attempt) {
  return part_size(attempt.body_head) + part_size(attempt.body) + part_size(attempt.body_tail);
}

bool carries_body(const Attempt& attempt) {
  return body_size(attempt) > 0 || attempt.method == "POST" || attempt.method == "PUT" ||
         attempt.method == "PATCH";
}

std::string request_head(const Attempt& attempt) {
  std::string_view rest = attempt.url;
  rest.remove_prefix(rest.find("//") + 2);
  const auto slash = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, slash);
  const std::string_view target = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);

  std::string head;
  head.reserve(512);
  head += attempt.method;
  head += ' ';
  if (!target.starts_with('/')) head += '/';
  head += target;
  head += " HTTP/1.1\r\n";
  if (!attempt.headers.has("Host")) {
    head += "Host: ";
    head += host_field(authority);
    head += "\r\n";
  }
  for (const auto& [name, value] : attempt.headers) {
    if (never_sent(name)) continue;
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  }
  if (carries_body(attempt)) {
    head += "Content-Length: ";
    head += std::to_string(body_size(attempt));
    head += "\r\n";
  }
  head += "\r\n";
  return head;
}

}  // namespace invar::http
