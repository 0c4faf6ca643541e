#include "component/url_rule.h"

#include <fmt/format.h>

#include "base/shown_text.h"
#include "base/strings.h"
#include "http/client.h"
#include "http/url.h"

namespace invar::component {
namespace {

using syntax::decode_failure;
using syntax::DecodeError;

bool has_scheme(std::string_view text) {
  const auto colon = text.find("://");
  return colon != std::string_view::npos && text.find_first_of("/?#") > colon;
}

// What the text would be with a scheme, if that is all it lacks.
std::string with_scheme(std::string_view text, const UrlRule& rule) {
  // One slash too few, backslashes, or no colon.
  for (const std::string_view scheme : {"http", "https"}) {
    if (!text.starts_with(std::string(scheme) + ":") && !text.starts_with(std::string(scheme) + "//"))
      continue;
    const std::size_t host = text.find_first_not_of(":/\\", scheme.size());
    if (host == std::string_view::npos) return std::string(rule.example);
    return std::string(scheme) + "://" + std::string(text.substr(host));
  }
  if (text.find_first_not_of("0123456789") == std::string_view::npos) return std::string(rule.example);
  if (has_scheme(text)) return std::string(rule.example);
  const std::string whole = "http://" + std::string(text), bracketed = "http://[" + std::string(text) + "]";
  if (http::parse_url(whole)) return whole;
  return http::parse_url(bracketed) ? bracketed : std::string(rule.example);
}

// "http://a,http://b"
bool holds_several(std::string_view text) {
  const std::size_t second = text.find("://", text.find("://") + 3);
  if (second == std::string_view::npos) return false;
  const std::size_t between = text.find_last_of(",;| ", second);
  return between != std::string_view::npos && (text.substr(between + 1, second - between - 1) == "http" ||
                                               text.substr(between + 1, second - between - 1) == "https");
}

}  // namespace

std::optional<DecodeError> check_server_url(std::string_view text, const UrlRule& rule) {
  const auto failure = [&](std::string_view what, std::string_view instead) {
    return decode_failure(fmt::format(
        "{} {}; write {}", quote(shown_text(http::redact_url(std::string(text)))), what, quote(instead)));
  };
  if (text.empty())
    return decode_failure(
        fmt::format("the URL is empty; write the server's address, as in {}", quote(rule.example)));
  if (trim_space(text) != text) return failure("has blanks or line breaks around it", trim_space(text));
  if (text.starts_with('$'))
    return decode_failure(
        fmt::format("{} is a variable of a shell; write sys.env(\"NAME\")", quote(shown_text(text))));
  if (!has_scheme(text)) return failure("has no scheme", with_scheme(text, rule));
  if (holds_several(text)) return failure("is more than one URL; one is wanted", rule.example);
  const auto url = http::parse_url(text);
  if (!url) {
    // An IPv6 address without brackets is said with what to write already.
    const std::size_t advice = url.error().message.find(": write ");
    if (advice == std::string::npos)
      return failure("is not a usable URL: " + url.error().message, rule.example);
    return decode_failure(fmt::format("{} is not a usable URL: {}",
                                      quote(shown_text(http::redact_url(std::string(text)))),
                                      url.error().message));
  }
  if (url->scheme != "http" && url->scheme != "https")
    return failure(fmt::format("has the scheme {}, which is none of http and https", quote(url->scheme)),
                   rule.example);
  if (rule.query_allowed) return std::nullopt;
  if (const auto mark = text.find_first_of("?#"); mark != std::string_view::npos)
    return failure(text[mark] == '?' ? "has a query" : "has a fragment", text.substr(0, mark));
  return std::nullopt;
}

std::optional<DecodeError> check_header(std::string_view name, std::string_view value) {
  if (!http::is_header_token(name)) return decode_failure(quote(shown_text(name)) + " is not a header name");
  if (http::is_header_value(value)) return std::nullopt;
  const bool line_end = value.ends_with('\n') || value.ends_with('\r');
  return decode_failure(fmt::format("the value of the header {} {}", quote(name),
                                    line_end ? "ends in a line break; take it through string.trim_space(…)"
                                             : "holds a control character, which no header may"));
}

std::optional<DecodeError> check_headers(const std::map<std::string, std::string>& headers) {
  for (const auto& [name, value] : headers)
    if (auto error = check_header(name, value)) return syntax::at_key(*std::move(error), name);
  return std::nullopt;
}

std::optional<DecodeError> check_headers(
    const std::map<std::string, std::vector<http::SecretText>>& headers) {
  for (const auto& [name, values] : headers) {
    if (auto error = check_header(name, "")) return syntax::at_key(*std::move(error), name);
    for (const http::SecretText& value : values)
      if (auto error = check_header(name, value.value)) return syntax::at_key(*std::move(error), name);
  }
  return std::nullopt;
}

}  // namespace invar::component
