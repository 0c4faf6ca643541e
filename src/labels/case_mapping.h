// Case mapping of UTF-8 text, rune by rune (so "ß" stays). A malformed byte becomes U+FFFD. Spec:
// relabel.md 5.
#pragma once

#include <string>
#include <string_view>

namespace invar {

std::string to_upper_unicode(std::string_view text);
std::string to_lower_unicode(std::string_view text);

}  // namespace invar
