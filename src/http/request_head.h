// The bytes that stand before a request's body in HTTP/1.1. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/engine.h"

namespace invar::http {

// Framing fields are made from the request itself; a copy from a configuration would contradict them.
bool never_sent(std::string_view header_name);

std::uint64_t part_size(const std::string* part);  // of a body; nullptr: 0
std::uint64_t body_size(const Attempt& attempt);
bool carries_body(const Attempt& attempt);  // sends a Content-Length, even of 0

// For a direct plain connection: origin-form target, Host first, then the headers in their order, then Content-Length.
std::string request_head(const Attempt& attempt);

}  // namespace invar::http
