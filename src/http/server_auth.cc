// Who may pass (runtime.md 12.3), and the small response helpers. Pure.
#include <openssl/crypto.h>

#include <algorithm>

#include "base/strings.h"
#include "codec/base64.h"
#include "http/server.h"
#include "http/url.h"

namespace invar::http {
namespace {

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  // The length is no secret; the bytes are.
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

bool authorized(const std::optional<ServerAuth>& auth, std::string_view path,
                std::string_view authorization_header) {
  if (!auth) return true;
  if (auth->filter) {
    const bool matches = std::ranges::any_of(
        auth->filter->paths, [path](const std::string& prefix) { return path.starts_with(prefix); });
    if (matches != auth->filter->authenticate_matching_paths) return true;
  }
  const auto space = authorization_header.find(' ');
  if (space == std::string_view::npos || !equals_ignore_case(authorization_header.substr(0, space), "Basic"))
    return false;
  const auto decoded = codec::from_base64(trim_space(authorization_header.substr(space + 1)));
  if (!decoded) return false;
  const auto colon = decoded->find(':');
  if (colon == std::string::npos) return false;
  const std::string_view text = *decoded;
  const bool user = equal_in_constant_time(text.substr(0, colon), auth->username);
  const bool password = equal_in_constant_time(text.substr(colon + 1), auth->password.value);
  return user && password;
}

std::optional<std::string> ServerRequest::query_value(std::string_view key) const {
  for (const auto pair : split(query, '&')) {
    const auto equals = pair.find('=');
    const auto name = percent_decode(pair.substr(0, equals), true);
    if (!name || *name != key || pair.empty()) continue;
    return percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
  }
  return std::nullopt;
}

ServerResponse text_response(int status, std::string_view line) {
  ServerResponse response{
      status, {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}}, ""};
  response.body.reserve(line.size() + 1);
  response.body.append(line);
  response.body.push_back('\n');
  return response;
}

ServerResponse json_response(std::string body) {
  return {200, {{"Content-Type", "application/json"}}, std::move(body)};
}

}  // namespace invar::http
