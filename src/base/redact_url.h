// What of a URL may be shown. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace invar {

// With xxxxx for the password, as Go shows it; any other text as it is.
std::string redact_url(std::string_view text);

}  // namespace invar
