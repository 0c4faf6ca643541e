// Base64 as Go's encoding/base64 writes and reads it.  Pure; any thread.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

namespace invar::codec {

enum class Base64 { kStandard, kUrlSafe };

std::string to_base64(std::string_view bytes,
                      Base64 alphabet);  // padded; the standard one alone: base/strings.h

// Padding is required, line breaks are skipped. The error is the position of the first byte that is wrong.
std::expected<std::string, std::size_t> from_base64(std::string_view text,
                                                    Base64 alphabet = Base64::kStandard);

}  // namespace invar::codec
