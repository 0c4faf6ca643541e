// What a reply means: retry, give up, or done; and the plain sentence for the person who reads the status page.
// Pure. Source: pyroscope-write.md 5 (column "Invar"), 7; decisions 10, 17.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "http/client.h"

namespace invar::delivery {

enum class Verdict {
  kDone,
  kRetry,
  kGiveUp,  // the server refuses these bytes, and would again
  kHold,  // credentials or address are wrong: nothing would pass now, but everything may once they are mended
};
std::string_view to_string(Verdict verdict);

// What is to be mended before anything passes: of kHold.
enum class Mistake { kCredentials, kAddress };

struct Reply {
  Verdict verdict = Verdict::kDone;
  Mistake mistake = Mistake::kCredentials;
  std::string code;      // for metrics: a Connect code name, "status_503", or "timeout", "connect", "tls" ...
  std::string error;     // "<code>: <message>", as in logs
  std::string sentence;  // for people: what happened and what to look at
  std::string reason;    // for the ledger when given up
  std::optional<Duration> retry_after;
  bool maybe_stored = false;  // the server has the whole profile, and what it said to that cannot be read
  // A rate limit in Pyroscope's words, which name what it takes in a second and the size of this profile, uncompressed.
  struct Rate {
    double limit_bytes = 0, profile_bytes = 0;
  };
  std::optional<Rate> rate;
};

struct ReplyContext {
  bool retry_on_http_429 = true;
  Duration timeout{0};
  UnixNanos now_unix_ns = 0;  // for a Retry-After that is a date
  std::string url;            // printable: without a password
  bool proved = false;        // the endpoint has taken profiles: its address is right
};

Reply classify_push(const std::expected<http::Response, http::Failure>& result, const ReplyContext& context);
Reply classify_ingest(const std::expected<http::Response, http::Failure>& result,
                      const ReplyContext& context);

// "push rate limit (4.0 MiB) exceeded while adding 2.2 MiB"; nullopt for any other text.
std::optional<Reply::Rate> parse_rate(std::string_view message);

// "120" or an HTTP date; nullopt when it is neither. Never negative.
std::optional<Duration> parse_retry_after(std::string_view text, UnixNanos now_unix_ns);

}  // namespace invar::delivery
