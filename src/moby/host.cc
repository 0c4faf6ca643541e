#include "moby/host.h"

#include "base/strings.h"
#include "http/client.h"

namespace invar::moby {

Result<Host> parse_host(const std::string& text) {
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "host attribute must not be empty");
  const std::size_t mark = text.find("://");
  if (mark == std::string::npos || mark + 3 == text.size())
    return fail(ErrorCode::kInvalidArgument,
                "parsing host attribute: unable to parse docker host " + quote(text) +
                    " (expected unix:///run/docker.sock, tcp://host:2375 or https://host:2376)");
  const std::string scheme = text.substr(0, mark), rest = text.substr(mark + 3);
  if (scheme == "unix") return Host{.base_url = "http://docker", .unix_socket = rest, .shown = text};
  if (scheme != "tcp" && scheme != "http" && scheme != "https")
    return fail(ErrorCode::kInvalidArgument, "parsing host attribute: " + quote(scheme) +
                                                 " hosts are not supported, use unix, tcp, http or https");
  std::string url = (scheme == "tcp" ? "http" : scheme) + "://" + rest;
  while (url.ends_with('/')) url.pop_back();
  if (const auto parsed = http::parse_url(url); !parsed)
    return std::unexpected(parsed.error().wrapped("parsing host attribute"));
  return Host{
      .base_url = url, .unix_socket = {}, .shown = http::redact_url(text), .takes_options = scheme != "tcp"};
}

}  // namespace invar::moby
