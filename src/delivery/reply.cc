#include "delivery/reply.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cmath>

#include "base/strings.h"
#include "pprof/gzip.h"
#include "syntax/json.h"

namespace invar::delivery {
namespace {

constexpr std::size_t kMaxMessage = 2048;
constexpr std::size_t kMaxInSentence = 300;
constexpr std::uint64_t kMaxInflatedAnswer = std::uint64_t{1} << 20;

constexpr std::array<std::string_view, 16> kCodes = {
    "canceled",        "unknown",           "invalid_argument",   "deadline_exceeded",   "not_found",
    "already_exists",  "permission_denied", "resource_exhausted", "failed_precondition", "aborted",
    "out_of_range",    "unimplemented",     "internal",           "unavailable",         "data_loss",
    "unauthenticated",
};
bool known_code(std::string_view code) {
  return std::ranges::find(kCodes, code) != kCodes.end();
}

bool retryable_code(std::string_view code) {
  return code == "deadline_exceeded" || code == "unknown" || code == "internal" || code == "unavailable" ||
         code == "data_loss" || code == "aborted";
}

// The code of a reply without one of its own: pyroscope-write.md 4.
std::string_view derived_code(int status) {
  switch (status) {
    case 400:
      return "internal";
    case 401:
      return "unauthenticated";
    case 403:
      return "permission_denied";
    case 404:
      return "unimplemented";
    case 429:
    case 502:
    case 503:
    case 504:
      return "unavailable";
    default:
      return "unknown";
  }
}

// The server's words as they may stand in one line: no control characters, a bounded length.
std::string one_line(std::string_view text, std::size_t limit) {
  std::string out;
  bool space = false;
  for (std::string_view rest = trim_space(text); !rest.empty() && out.size() < limit;) {
    const Rune rune = decode_rune(rest);
    if (rune.value < 0x20 || rune.value == 0x7f || rune.value == ' ') {
      space = true;
    } else {
      if (space) out += ' ';
      space = false;
      append_rune(out, rune.value);
    }
    rest.remove_prefix(static_cast<std::size_t>(rune.length));
  }
  return out;
}

std::string body_of(const http::Response& response) {
  if (!equals_ignore_case(response.headers.get("Content-Encoding"), "gzip")) return response.body;
  std::string out;
  if (!pprof::Inflater().gunzip(response.body, kMaxInflatedAnswer, out)) return {};
  return out;
}

std::string media_type(const http::Response& response) {
  const std::string_view type = response.headers.get("Content-Type");
  return to_lower_ascii(trim_space(type.substr(0, type.find(';'))));
}

struct ConnectError {
  std::string code, message;
};
std::optional<ConnectError> connect_error(const http::Response& response, std::string_view body) {
  const std::string_view type = response.headers.get("Content-Type");
  if (type != "application/json" && type != "application/json; charset=utf-8") return std::nullopt;
  const auto json = syntax::parse_json(body);
  if (!json || json->type() != syntax::Type::kObject) return std::nullopt;
  const auto text = [&](std::string_view key) {
    const syntax::Value* value = json->as_object().find(key);
    return value && value->type() == syntax::Type::kString ? value->as_string() : std::string();
  };
  ConnectError error{text("code"), text("message")};
  if (!known_code(error.code)) error.code.clear();
  return error;
}

Verdict by_status(int status, const ReplyContext& context) {
  if (status == 401) return Verdict::kHold;
  if (status == 408) return Verdict::kRetry;
  if (status == 429) return context.retry_on_http_429 ? Verdict::kRetry : Verdict::kGiveUp;
  if (status == 501) return Verdict::kGiveUp;
  return status >= 500 ? Verdict::kRetry : Verdict::kGiveUp;
}

Verdict by_code(std::string_view code, const ReplyContext& context) {
  if (code == "unauthenticated") return Verdict::kHold;
  if (code == "resource_exhausted") return context.retry_on_http_429 ? Verdict::kRetry : Verdict::kGiveUp;
  return retryable_code(code) ? Verdict::kRetry : Verdict::kGiveUp;
}

std::string reason_of(int status, std::string_view code) {
  if (code == "invalid_argument") return "invalid";
  if (code == "permission_denied" || status == 403) return "forbidden";
  if (code == "resource_exhausted" || status == 429) return "rate limit";
  switch (status) {
    case 400:
    case 422:
      return "invalid";
    case 404:
      return "not found";
    case 413:
      return "too large";
    default:
      return "status " + std::to_string(status);
  }
}

std::string sentence_of(const http::Response& response, std::string_view code, std::string_view message,
                        const ReplyContext& context) {
  const std::string status =
      response.status_line.empty() ? std::to_string(response.status) : response.status_line;
  const std::string words =
      message.empty() || message == status ? "" : " (" + one_line(message, kMaxInSentence) + ")";
  const std::string type = media_type(response);
  if (response.status == 401 || code == "unauthenticated")
    return status +
           ": the server refused the credentials; check basic_auth, authorization, bearer_token, or the "
           "tenant header X-Scope-OrgID" +
           words;
  if (response.status == 403 || code == "permission_denied")
    return status + ": these credentials may not send profiles here" + words;
  if (response.body_lost && type != "text/html")
    return status + ": the server redirects to " + one_line(http::redact_url(response.url), kMaxInSentence) +
           " in a way that loses the profile on its way; write that address into url";
  if (response.status >= 300 && response.status < 400) {
    const std::string where = one_line(response.headers.get("Location"), kMaxInSentence);
    return status + ": the server redirects" + (where.empty() ? " to nowhere" : " to " + where) +
           ", which is not followed; check the url or follow_redirects";
  }
  if (response.status < 300 || (type == "text/html" && response.status != 404))
    return status + ": the answer is " +
           (type.empty()          ? "of no type"
            : type == "text/html" ? "a web page"
                                  : type) +
           ", not Pyroscope's: a proxy in between?";
  if (response.status == 404)
    return status + ": wrong url? Pyroscope's push path was not found under " + context.url;
  if (response.status == 413)
    return status + ": the server, or a proxy in front of it, refuses bodies of this size";
  if (response.status == 429 || code == "resource_exhausted")
    return status + ": the server limits what it takes" + words;
  if (response.status >= 500 && response.status != 501) return status + ": the server is in trouble" + words;
  return status + ": the server refused the profile" + words;
}

Reply from_failure(const http::Failure& failure, const ReplyContext& context) {
  Reply reply;
  reply.verdict = Verdict::kRetry;
  reply.code = http::to_string(failure.kind);
  const bool timeout = failure.kind == http::FailureKind::kTimeout;
  reply.error = (timeout ? "deadline_exceeded: " : "unavailable: ") + failure.message;
  reply.sentence = timeout ? "no answer within " + format_duration(context.timeout) +
                                 "; raise remote_timeout if the server is only slow"
                           : failure.message;
  if (failure.message.starts_with("connection refused")) reply.sentence += ": does Pyroscope run there?";
  if (failure.kind == http::FailureKind::kResolve) reply.sentence += ": is the url right?";
  return reply;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kDone:
      return "done";
    case Verdict::kRetry:
      return "retry";
    case Verdict::kGiveUp:
      return "give up";
    case Verdict::kHold:
      return "hold";
  }
  return "";
}

Reply classify(const std::expected<http::Response, http::Failure>& result, const ReplyContext& context) {
  if (!result) return from_failure(result.error(), context);
  const http::Response& response = *result;
  const int status = response.status;
  Reply reply;
  if (context.ingest ? status >= 200 && status < 300 : status == 200) {
    const std::string type = media_type(response);
    // Pyroscope answers /ingest without a type; a page comes from somebody in between who has not passed the body on.
    const bool taken = context.ingest ? type != "text/html" : type.starts_with("application/");
    if (taken && !response.body_lost) return reply;
    if (taken) {
      reply.verdict = Verdict::kGiveUp;
      reply.code = reply.reason = "redirected";
      reply.error = "unknown: redirected to " + http::redact_url(response.url) + " without the profile";
      reply.sentence = sentence_of(response, "unknown", "", context);
      return reply;
    }
    reply.verdict = Verdict::kRetry;
    reply.code = "unknown";
    reply.error = "unknown: invalid content-type: " + quote(response.headers.get("Content-Type")) +
                  "; expecting \"application/proto\"";
    reply.sentence = sentence_of(response, "unknown", "", context);
    return reply;
  }

  const std::string body = body_of(response);
  std::string message = response.status_line;
  std::string code;
  bool own_code = false;
  if (const auto error = connect_error(response, body)) {
    own_code = !error->code.empty();
    code = error->code;
    if (!error->message.empty()) message = error->message.substr(0, kMaxMessage);
  }
  if (!own_code) code = derived_code(status);

  if (context.ingest) {
    reply.verdict = by_status(status, context);
    // Pyroscope answers so while it is starting or has lost a part of itself.
    if (status == 422 && body.find("rpc error: code = Unavailable") != std::string::npos)
      reply.verdict = Verdict::kRetry;
    reply.error = "remote error: pyroscope write error: status=" + std::to_string(status) +
                  " msg=" + one_line(std::string_view(body).substr(0, kMaxMessage), kMaxMessage);
    if (!own_code) message = std::string_view(body).substr(0, kMaxMessage);
  } else {
    // A Connect error decides by its code; anything else came from a proxy, or is older than Connect: by its status.
    reply.verdict = own_code ? by_code(code, context) : by_status(status, context);
    reply.error = code + ": " + one_line(message, kMaxMessage);
  }
  reply.code = own_code ? code : "status_" + std::to_string(status);
  if (status == 429 || (own_code && code == "resource_exhausted")) reply.rate = parse_rate(message);
  reply.sentence =
      sentence_of(response, own_code ? std::string_view(code) : std::string_view(), message, context);
  reply.reason = reason_of(status, own_code ? std::string_view(code) : std::string_view());
  if (reply.verdict == Verdict::kRetry)
    reply.retry_after = parse_retry_after(response.headers.get("Retry-After"), context.now_unix_ns);
  return reply;
}

std::optional<Reply::Rate> parse_rate(std::string_view message) {
  // A number of one of the units in which the server prints bytes.
  const auto bytes = [](std::string_view text) -> std::optional<double> {
    constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto number = parse_double(text.substr(0, space));
    const auto unit = std::ranges::find(kUnits, text.substr(space + 1));
    if (!number || !(*number > 0) || unit == kUnits.end()) return std::nullopt;
    return std::ldexp(*number, 10 * static_cast<int>(unit - kUnits.begin()));
  };
  constexpr std::string_view kLimit = "rate limit (", kSize = ") exceeded while adding ";
  const std::size_t begin = message.find(kLimit), middle = message.find(kSize);
  if (begin == std::string_view::npos || middle == std::string_view::npos || middle < begin + kLimit.size())
    return std::nullopt;
  const auto limit = bytes(message.substr(begin + kLimit.size(), middle - begin - kLimit.size()));
  const auto size = bytes(trim_space(message.substr(middle + kSize.size())));
  if (!limit || !size) return std::nullopt;
  return Reply::Rate{*limit, *size};
}

std::optional<Duration> parse_retry_after(std::string_view text, UnixNanos now_unix_ns) {
  text = trim_space(text);
  constexpr std::int64_t kDay = 86'400;
  if (const auto seconds = parse_uint(text))
    return std::chrono::seconds(std::min<std::uint64_t>(*seconds, kDay));
  // "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
  const auto words = split(text, ' ');
  if (words.size() != 6 || words[5] != "GMT") return std::nullopt;
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto month = std::ranges::find(kMonths, words[2]);
  const auto day = parse_uint(words[1]), year = parse_uint(words[3]);
  const auto clock = split(words[4], ':');
  if (month == kMonths.end() || !day || !year || *year > 9999 || clock.size() != 3) return std::nullopt;
  const auto hour = parse_uint(clock[0]), minute = parse_uint(clock[1]), second = parse_uint(clock[2]);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(std::min<std::uint64_t>(*day, 99)))};
  if (!date.ok()) return std::nullopt;
  const std::chrono::seconds then = std::chrono::sys_days(date).time_since_epoch() +
                                    std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                                    std::chrono::seconds(*second);
  const std::int64_t left = then.count() - now_unix_ns / 1'000'000'000;
  return std::chrono::seconds(std::clamp<std::int64_t>(left, 0, kDay));
}

}  // namespace invar::delivery
