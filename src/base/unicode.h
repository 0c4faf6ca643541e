// Unicode facts that text for people needs.
#pragma once

namespace invar {

// Letters, marks, numbers, punctuation, symbols and the ASCII space: what a quoted text shows as it is.
bool is_printable(char32_t rune);

}  // namespace invar
