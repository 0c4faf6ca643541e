// Heads of answers as odd servers write them, made into what the strict grammar of Beast takes. As lenient as curl and Go where that is
// harmless: lines that end in LF alone, no reason phrase, blanks around names, folded lines, lines that are no fields, a length beside
// chunks or twice the same. Transfer codings other than chunked become content codings. What is left contradictory stays so, and is
// refused later. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace invar::http {

// Where the head ends, its empty line included; 0 while it has not.
std::size_t head_size(std::string_view bytes);

// Whether the bytes can still become the head of an answer; empty lines may stand before it.
bool may_be_head(std::string_view bytes);

// `head` up to head_size().
std::string strict_head(std::string_view head);

}  // namespace invar::http
