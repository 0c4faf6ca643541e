// What became of one scrape, in a word for metrics and a sentence for people. Pure.
// Spec: pyroscope-scrape.md 11; decision 4. Reasons: a FailureKind (connect, timeout, tls ...), http_status,
// not_a_profile, too_large, sample_limit, refused.
#pragma once

#include <string>
#include <string_view>

#include "http/client.h"

namespace invar::components::pyroscope_scrape {

struct ScrapeError {
  std::string reason;    // metric label
  std::string sentence;  // what happened and, where it is known, what to do
  // With the reason: what stays equal while the target fails in the same way. The sentence may still differ each
  // time: it quotes the target, counts, and names how far the request came.
  std::string state = {};
};

ScrapeError transport_error(const http::Failure& failure, std::string_view url, std::uint64_t limit_bytes);

// Of a status other than 200.
ScrapeError status_error(const http::Response& response, std::string_view profile_name);

// Of a body that is no profile.
ScrapeError body_error(const Error& error, std::string_view body, std::string_view content_type);

}  // namespace invar::components::pyroscope_scrape
