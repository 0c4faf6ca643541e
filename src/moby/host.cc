#include "moby/host.h"

#include "base/shown_text.h"
#include "base/strings.h"
#include "http/client.h"

namespace invar::moby {
namespace {

std::unexpected<Error> wrong(const std::string& text, std::string_view what, const std::string& instead) {
  return fail(ErrorCode::kInvalidArgument,
              "parsing host attribute: " + quote(shown_text(http::redact_url(text))) + " " +
                  std::string(what) + "; write " + quote(http::redact_url(instead)));
}

std::string with_scheme(const std::string& text) {
  if (text.starts_with('/')) return "unix://" + text;
  return http::parse_url("http://" + text) ? "tcp://" + text : "unix:///var/run/docker.sock";
}

}  // namespace

Result<Host> parse_host(const std::string& text) {
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "host attribute must not be empty");
  const std::size_t mark = text.find("://");
  if (mark == std::string::npos) return wrong(text, "has no scheme", with_scheme(text));
  const std::string scheme = text.substr(0, mark), rest = text.substr(mark + 3);
  if (scheme == "unix") {
    if (rest.empty()) return wrong(text, "names no socket", "unix:///var/run/docker.sock");
    if (!rest.starts_with('/'))
      return wrong(text, "has two slashes where a path needs three", "unix:///" + rest);
    return Host{.base_url = "http://docker", .unix_socket = rest, .shown = text};
  }
  if (scheme != "tcp" && scheme != "http" && scheme != "https")
    return fail(ErrorCode::kInvalidArgument, "parsing host attribute: " + quote(scheme) +
                                                 " hosts are not supported, use unix, tcp, http or https");
  std::string url = (scheme == "tcp" ? "http" : scheme) + "://" + rest;
  while (url.ends_with('/')) url.pop_back();
  if (const auto parsed = http::parse_url(url); !parsed)
    return wrong(text, "is not a usable URL: " + parsed.error().message, "tcp://docker:2375");
  return Host{
      .base_url = url, .unix_socket = {}, .shown = http::redact_url(text), .takes_options = scheme != "tcp"};
}

}  // namespace invar::moby
