// Bytes of a response head and of chunks; cleaning of request paths. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/server.h"

namespace invar::http {

enum class BodyKind { kSized, kChunked, kUntilClose };
std::string response_head(const ServerResponse& response, BodyKind kind, bool keep_alive, UnixNanos now);
std::string chunk_head(std::size_t size);                                  // "1a\r\n"
std::string chunked_body(std::string_view body, const Headers& trailers);  // whole, to its end

// Decoded and without `.`, `..` and doubled slashes; a trailing slash stays. "/" for what cannot be decoded.
std::string clean_path(std::string_view target_path);

}  // namespace invar::http
