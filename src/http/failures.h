// Sentences for what can go wrong on a connection, shared by the two ways of sending. Pure; without secrets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/client.h"

namespace invar::http {

std::string reason_of_errno(int value);  // "connection refused"; "" for 0

Failure body_too_large(std::string_view peer, std::uint64_t limit);
Failure no_answer(std::string_view peer);
Failure cut_answer(std::string_view peer, std::uint64_t body_bytes);
Failure connection_lost(std::string_view peer, std::string_view reason);
Failure endless_head(std::string_view peer);
Failure not_http(std::string_view peer, std::string_view why);
Failure not_tls(std::string_view peer);

// What came back with a failure: nothing; an answer that cannot be read, to a request that may have had its effect; another
// protocol than was spoken. Told by the sentences above.
enum class Answered { kNothing, kUnreadable, kForeign };
Answered answered(const Failure& failure);

}  // namespace invar::http
