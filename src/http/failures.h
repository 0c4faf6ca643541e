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

}  // namespace invar::http
