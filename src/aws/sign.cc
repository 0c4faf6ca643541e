#include "aws/sign.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>

#include "base/check.h"
#include "base/strings.h"

namespace invar::aws {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const bool good = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1;
  INVAR_CHECK(good, "SHA-256 of memory cannot fail");
  return hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const auto* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  INVAR_CHECK(done != nullptr, "HMAC of memory cannot fail");
  return {reinterpret_cast<const char*>(digest.data()), size};
}

// "20150830T123600Z"
std::string timestamp(UnixNanos now) {
  const std::time_t seconds = now / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// As the client writes it into the request.
std::string host_header(const http::Url& url) {
  const std::string_view standard = url.scheme == "https" ? "443" : "80";
  return url.port.empty() || url.port == standard ? url.host : url.host + ":" + url.port;
}

std::string canonical_query(std::string_view query) {
  std::vector<std::string> pairs;
  for (const std::string_view pair : split(query, '&')) {
    if (pair.empty()) continue;
    pairs.emplace_back(pair.find('=') == std::string_view::npos ? std::string(pair) + "="
                                                                : std::string(pair));
  }
  std::ranges::sort(pairs);
  return join(pairs, "&");
}

}  // namespace

std::string encode_path(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~/").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Result<> sign(http::Request& request, const Credentials& credentials, const SigningScope& scope,
              UnixNanos now) {
  INVAR_ASSIGN_OR_RETURN(const http::Url url, http::parse_url(request.url));
  const std::string time = timestamp(now);
  const std::string body_hash = sha256(request.body_head);
  request.headers.set("X-Amz-Date", time);
  if (scope.service == "s3") request.headers.set("X-Amz-Content-Sha256", body_hash);
  if (const auto& token = credentials.session_token.value; !token.empty())
    request.headers.set("X-Amz-Security-Token", token);

  std::map<std::string, std::string> headers = {{"host", host_header(url)}};
  for (const auto& [name, value] : request.headers)
    headers[to_lower_ascii(name)] = std::string(trim_space(value));
  std::string header_lines;
  std::vector<std::string> names;
  for (const auto& [name, value] : headers) {
    header_lines += name + ":" + value + "\n";
    names.push_back(name);
  }
  const std::string signed_names = join(names, ";");
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, url.path.empty() ? "/" : url.path,
                  canonical_query(url.query), header_lines, signed_names, body_hash);

  const std::string day = time.substr(0, 8);
  const std::string place = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, place, sha256(canonical));
  std::string key = hmac("AWS4" + credentials.secret_key.value, day);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")})
    key = hmac(key, part);
  request.headers.set("Authorization",
                      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                  credentials.access_key, place, signed_names, hex(hmac(key, to_sign))));
  return {};
}

}  // namespace invar::aws
