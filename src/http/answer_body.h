// The body of an answer as its reader wants it: without its Content-Encoding, or in words for a sentence.
// Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "http/client.h"

namespace invar::http {

// Errors: a coding that is not known, a body that is not what its coding says, one that unpacks to more than the limit.
Result<std::string> plain_body(Response answer, std::uint64_t max_bytes);

// The same in place: the body of `answer` comes without its coding, and the header with it; on an error both stay.
Result<> unpack(Response& answer, std::uint64_t max_bytes = std::uint64_t{64} << 20);

// ": out of disk", to end a sentence about an answer that was not wanted; "" when its body says nothing.
std::string what_it_says(const Response& answer);

}  // namespace invar::http
