// Content codings of HTTP (RFC 9110 8.4): what a body was packed with on its way, undone in the order of its header field.
// gzip, x-gzip, deflate (with and without the zlib wrapper, as servers differ), br, zstd; identity is nothing.
// Errors:  kUnsupported names a coding that is none of these; kDataLoss a body that is not what its field says; kResourceExhausted at
//          the limit of what it may become.
// Threads: any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::codec {

// `codings`: the value of Content-Encoding, "" for none; then `body` comes back as it is.
Result<std::string> undo_content_coding(std::string body, std::string_view codings,
                                        std::uint64_t limit_bytes);

}  // namespace invar::codec
