// Text from outside (names, bodies, headers of other programs) as it may be shown: on a terminal, in a log, on a page.
// One line without control characters, escape sequences, direction marks or broken UTF-8: each becomes \xNN or \u{NNNN}, line breaks and
// tabs a space. Longer than `max_bytes`, it is cut between characters and ends in "…". Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace invar {

std::string shown_text(std::string_view outside, std::size_t max_bytes = 200);

// The same for text of several lines: breaks, tabs and blanks stay as they are, and nothing is cut.
std::string shown_lines(std::string_view outside);

// Whether it could pass as text: valid UTF-8 with hardly any control characters.
bool looks_like_text(std::string_view outside);

}  // namespace invar
