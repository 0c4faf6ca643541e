#include "components/pyroscope/scrape/outcome.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "codec/content_coding.h"
#include "components/pyroscope/scrape/profile_types.h"
#include "http/shown_body.h"

namespace invar::components::pyroscope_scrape {
namespace {

constexpr std::size_t kMaxQuoted = 200;  // of a foreign body in a message
constexpr std::uint64_t kMaxErrorPage = 1 << 20;

std::string hint(int status, std::string_view body, std::string_view profile_name) {
  if (body.find("cpu profiling already in use") != std::string_view::npos) {
    return "another profiler is already taking a CPU profile of this program: is a second collector scraping "
           "it?";
  }
  switch (status) {
    case 401:
    case 403:
      return "the target wants other credentials: set basic_auth, authorization or oauth2";
    case 404:
      return is_fixed_name(profile_name)
                 ? fmt::format(
                       "this program has no {0} profile at this path; set profile.{0} {{ enabled = false }}, "
                       "or its path",
                       profile_name)
                 : fmt::format("this program has no {} profile at this path: is the path right?",
                               profile_name);
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return "the target redirects elsewhere, which is not followed";
    case 429:
    case 503:
      return "the target is busy";
    default:
      return "";
  }
}

std::string hint(const http::Failure& failure) {
  switch (failure.kind) {
    case http::FailureKind::kConnect:
      return failure.message.starts_with("connection refused")
                 ? ": does the program run, and does it listen there?"
                 : "";
    case http::FailureKind::kResolve:
      return ": is the name right?";
    case http::FailureKind::kTimeout:
      return "; raise scrape_timeout if the program is only slow";
    case http::FailureKind::kRedirect:
      return ": is the path right?";
    default:
      return "";
  }
}

bool looks_like_web_page(std::string_view body, std::string_view content_type) {
  return to_lower_ascii(content_type).starts_with("text/html") ||
         trim_space(body.substr(0, 64)).starts_with('<');
}

}  // namespace

ScrapeError transport_error(const http::Failure& failure, std::string_view url, std::uint64_t limit_bytes) {
  if (failure.kind == http::FailureKind::kBodyTooLarge) {
    return {"too_large", fmt::format("the answer is larger than {}; raise max_profile_bytes if that is right",
                                     human_bytes(limit_bytes))};
  }
  std::string advice = hint(failure);
  return {std::string(http::to_string(failure.kind)),
          fmt::format("Get {}: {}{}", quote(url), failure.message, advice), std::move(advice)};
}

ScrapeError status_error(const http::Response& response, std::string_view profile_name) {
  const std::string plain =
      codec::undo_content_coding(response.body, response.headers.get("Content-Encoding"), kMaxErrorPage)
          .value_or(response.body);
  const std::string_view body = trim_space(plain);
  const std::string shown = body.empty() || looks_like_web_page(body, response.headers.get("Content-Type"))
                                ? response.status_line
                                : http::shown_body(body, response.headers.get("Content-Type"), kMaxQuoted);
  std::string sentence = fmt::format("server returned HTTP status ({}) {}", response.status, shown);
  const std::string advice = hint(response.status, body, profile_name);
  if (!advice.empty()) sentence += ": " + advice;
  return {"http_status", std::move(sentence), fmt::format("{} {}", response.status, advice)};
}

ScrapeError body_error(const Error& error, std::string_view body, std::string_view content_type) {
  if (error.code == ErrorCode::kResourceExhausted) {
    return {"too_large", fmt::format("the profile is too large: {}; raise max_profile_bytes if that is right",
                                     error.message)};
  }
  if (looks_like_web_page(body, content_type)) {
    return {"not_a_profile",
            fmt::format("this is a web page, not a profile: is the path right? ({})", error.message), "page"};
  }
  if (error.message.starts_with("this is ") || error.message.starts_with("these are "))
    return {"not_a_profile", fmt::format("invalid profile data: {}", error.message), error.message};
  const std::string_view advice = error.code == ErrorCode::kDataLoss
                                      ? "the answer is damaged; did something on the way cut it?"
                                      : "the answer is no profile; is the path right?";
  return {"not_a_profile", fmt::format("invalid profile data: {}: {}", error.message, advice),
          fmt::format("{} {}", content_type, advice)};
}

}  // namespace invar::components::pyroscope_scrape
