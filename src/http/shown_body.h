// The body of an answer that is not what was asked for, in words for logs and pages: its text in one line, cut to `max_bytes`; a web page
// without its markup; what is no text by size and kind. "" for an empty body. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace invar::http {

// `body` without its Content-Encoding; `content_type` as in the header, may be empty.
std::string shown_body(std::string_view body, std::string_view content_type, std::size_t max_bytes = 300);

}  // namespace invar::http
