// Decoding of Basic credentials. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace invar::http {

// Standard alphabet with padding; nullopt for anything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace invar::http
