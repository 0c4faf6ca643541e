#include "delivery/reply.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "base/shown_text.h"
#include "base/strings.h"
#include "codec/content_coding.h"
#include "http/connect_code.h"
#include "http/shown_body.h"
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

// The body without its Content-Encoding; nullopt when it cannot be undone.
std::optional<std::string> decoded_body(const http::Response& response) {
  auto plain =
      codec::undo_content_coding(response.body, response.headers.get("Content-Encoding"), kMaxInflatedAnswer);
  if (!plain) return std::nullopt;
  return *std::move(plain);
}

// What the body says, to people.
std::string words_of(const http::Response& response, const std::optional<std::string>& body,
                     std::size_t limit) {
  return http::shown_body(body.value_or(response.body), response.headers.get("Content-Type"), limit);
}

std::string media_type(const http::Response& response) {
  const std::string_view type = response.headers.get("Content-Type");
  return to_lower_ascii(trim_space(type.substr(0, type.find(';'))));
}

std::string status_of(const http::Response& response) {
  return response.status_line.empty() ? std::to_string(response.status) : shown_text(response.status_line);
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
  if (status == 401 || status == 403) return Verdict::kHold;
  if (status == 408) return Verdict::kRetry;
  if (status == 429) return context.retry_on_http_429 ? Verdict::kRetry : Verdict::kGiveUp;
  if (status == 501) return Verdict::kGiveUp;
  return status >= 500 ? Verdict::kRetry : Verdict::kGiveUp;
}

Verdict by_code(std::string_view code, const ReplyContext& context) {
  if (code == "unauthenticated" || code == "permission_denied") return Verdict::kHold;
  if (code == "resource_exhausted") return context.retry_on_http_429 ? Verdict::kRetry : Verdict::kGiveUp;
  return retryable_code(code) ? Verdict::kRetry : Verdict::kGiveUp;
}

// A plain request to a port that speaks TLS, as Go, nginx and Apache say it.
bool wants_https(const http::Response& response, std::string_view body) {
  if (response.status != 400) return false;
  const std::string text = to_lower_ascii(body.substr(0, kMaxMessage));
  return text.contains("http request to an https server") ||
         text.contains("http request was sent to https port") ||
         text.contains("speaking plain http to an ssl-enabled server");
}

// Pyroscope is not where the url points to. Of a reply that is no Connect error.
bool is_address_mistake(const http::Response& response, std::string_view body) {
  const int status = response.status;
  const bool redirects = status >= 300 && status < 400 && response.headers.has("Location");
  return status == 404 || status == 405 || status == 421 || redirects || response.body_lost ||
         wants_https(response, body);
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

// `said`: the server's words, "" for none.
std::string sentence_of(const http::Response& response, std::string_view code, std::string_view said,
                        const ReplyContext& context) {
  const std::string status = status_of(response);
  const std::string words =
      said.empty() || said == status ? "" : " (" + shown_text(said, kMaxInSentence) + ")";
  const std::string type = media_type(response);
  if (response.status == 401 || code == "unauthenticated")
    return status +
           ": the server refused the credentials; check basic_auth, authorization, bearer_token, or the "
           "tenant header X-Scope-OrgID" +
           words;
  if (response.status == 403 || code == "permission_denied")
    return status + ": these credentials may not send profiles here" + words;
  if (response.body_lost && type != "text/html")
    return status + ": the server redirects to " +
           shown_text(http::redact_url(response.url), kMaxInSentence) +
           " in a way that loses the profile on its way; write that address into url";
  if (response.status >= 300 && response.status < 400) {
    const std::string where = shown_text(response.headers.get("Location"), kMaxInSentence);
    return status + ": the server redirects" + (where.empty() ? " to nowhere" : " to " + where) +
           ", which is not followed; check the url or follow_redirects";
  }
  if (wants_https(response, said))
    return status + ": the server speaks HTTPS; write https:// into url instead of http://" + words;
  if (response.status < 300 || (type == "text/html" && response.status != 404))
    return status + ": the answer is " +
           (type.empty()          ? "of no type"
            : type == "text/html" ? "a web page"
                                  : shown_text(type)) +
           ", not Pyroscope's: a proxy in between?" + words;
  if (response.status == 404)
    return status + ": wrong url? Pyroscope's push path was not found under " + context.url + words;
  if (response.status == 413)
    return status + ": the server, or a proxy in front of it, refuses bodies of this size" + words;
  if (response.status == 429 || code == "resource_exhausted")
    return status + ": the server limits what it takes" + words;
  if (response.status >= 500 && response.status != 501) return status + ": the server is in trouble" + words;
  return status + ": the server refused the profile" + words;
}

Reply from_failure(const http::Failure& failure, const ReplyContext& context) {
  Reply reply;
  const bool foreign = failure.answered == http::Answered::kForeign;
  reply.verdict = foreign ? Verdict::kHold : Verdict::kRetry;
  reply.mistake = Mistake::kAddress;
  reply.maybe_stored =
      failure.answered != http::Answered::kNothing && failure.kind != http::FailureKind::kTls;
  reply.code = http::to_string(failure.kind);
  const bool timeout = failure.kind == http::FailureKind::kTimeout;
  const std::string message = shown_text(failure.message, kMaxInSentence);
  reply.error = (timeout ? "deadline_exceeded: " : "unavailable: ") + message;
  reply.sentence = timeout ? "no answer within " + format_duration(context.timeout) +
                                 "; raise remote_timeout if the server is only slow"
                           : message;
  if (failure.message.starts_with("connection refused")) reply.sentence += ": does Pyroscope run there?";
  if (failure.kind == http::FailureKind::kResolve) reply.sentence += ": is the url right?";
  if (foreign) reply.sentence += ": are host, port and http:// or https:// in url right?";
  if (reply.maybe_stored)
    reply.sentence += "; the server may have stored the profile, so it is sent only once more";
  return reply;
}

// An answer that says that it took the profile, or is nobody's who could.
Reply not_taken(const http::Response& response, const ReplyContext& context) {
  Reply reply;
  const std::string said = words_of(response, decoded_body(response), kMaxInSentence);
  reply.sentence = sentence_of(response, "unknown", said, context);
  if (response.body_lost && media_type(response) != "text/html") {
    reply.verdict = Verdict::kHold;
    reply.mistake = Mistake::kAddress;
    reply.code = reply.reason = "redirected";
    reply.error = "unknown: redirected to " + shown_text(http::redact_url(response.url), kMaxInSentence) +
                  " without the profile";
    return reply;
  }
  reply.verdict = Verdict::kRetry;
  reply.code = "unknown";
  reply.error = "unknown: invalid content-type: " + quote(shown_text(response.headers.get("Content-Type"))) +
                "; expecting \"application/proto\"";
  return reply;
}

// What a refusal says, whichever protocol is spoken.
struct Refusal {
  std::string body;     // decoded, "" when it cannot be
  std::string code;     // of a Connect error, else ""
  std::string message;  // of a Connect error, else ""
  std::string words;    // of anything else, as shown
};
Refusal read_refusal(const http::Response& response, std::size_t most_words) {
  const std::optional<std::string> body = decoded_body(response);
  Refusal out;
  out.body = body.value_or("");
  const auto error = connect_error(response, out.body);
  if (error) out.code = error->code;
  if (error && !error->message.empty()) {
    out.message = shown_text(error->message, kMaxMessage);
  } else {
    out.words = words_of(response, body, most_words);
  }
  return out;
}

// Fills in what follows from verdict, code and words.
void tell(Reply& reply, const http::Response& response, const Refusal& refusal, const ReplyContext& context) {
  const std::string& said = refusal.message.empty() ? refusal.words : refusal.message;
  reply.code = refusal.code.empty() ? "status_" + std::to_string(response.status) : refusal.code;
  if (response.status == 429 || refusal.code == "resource_exhausted") reply.rate = parse_rate(said);
  reply.sentence = sentence_of(response, refusal.code, said, context);
  reply.reason = reason_of(response.status, refusal.code);
  if (reply.verdict == Verdict::kRetry)
    reply.retry_after = parse_retry_after(response.headers.get("Retry-After"), context.now_unix_ns);
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

Reply classify_push(const std::expected<http::Response, http::Failure>& result, const ReplyContext& context) {
  if (!result) return from_failure(result.error(), context);
  const http::Response& response = *result;
  if (response.status == 200) {
    if (media_type(response).starts_with("application/") && !response.body_lost) return {};
    return not_taken(response, context);
  }
  const Refusal refusal = read_refusal(response, kMaxInSentence);
  Reply reply;
  // A Connect error decides by its code; anything else came from a proxy, or is older than Connect: by its status.
  reply.verdict = refusal.code.empty() ? by_status(response.status, context) : by_code(refusal.code, context);
  if (refusal.code.empty() && is_address_mistake(response, refusal.body)) {
    reply.verdict = Verdict::kHold;
    reply.mistake = Mistake::kAddress;
  }
  std::string message = refusal.message;
  if (message.empty()) {
    message = status_of(response);
    if (!refusal.words.empty() && refusal.words != message) message += " (" + refusal.words + ")";
  }
  reply.error =
      std::string(refusal.code.empty() ? http::connect_code(response.status) : refusal.code) + ": " + message;
  tell(reply, response, refusal, context);
  return reply;
}

Reply classify_ingest(const std::expected<http::Response, http::Failure>& result,
                      const ReplyContext& context) {
  if (!result) return from_failure(result.error(), context);
  const http::Response& response = *result;
  const int status = response.status;
  if (status >= 200 && status < 300) {
    // Pyroscope answers without a type; a page comes from somebody in between who has not passed the body on.
    if (media_type(response) != "text/html" && !response.body_lost) return {};
    return not_taken(response, context);
  }
  const Refusal refusal = read_refusal(response, kMaxMessage);
  Reply reply;
  reply.verdict = by_status(status, context);
  // Pyroscope answers so while it is starting or has lost a part of itself.
  if (status == 422 && refusal.body.contains("rpc error: code = Unavailable"))
    reply.verdict = Verdict::kRetry;
  // The path is the client's: where pushes arrive, a path that is not found is no reason to hold them up.
  if (!context.proved && is_address_mistake(response, refusal.body)) {
    reply.verdict = Verdict::kHold;
    reply.mistake = Mistake::kAddress;
  }
  reply.error = "remote error: pyroscope write error: status=" + std::to_string(status) +
                " msg=" + (refusal.words.empty() ? shown_text(refusal.body, kMaxMessage) : refusal.words);
  tell(reply, response, refusal, context);
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
