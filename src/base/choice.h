// A word where one of a few is wanted, in one wording for every argument and flag. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace invar {

// `mistake` says what the word is not, as "unknown role": `unknown role "pods"; it is one of node, pod and service (did you mean "pod"?)`.
std::string wrong_choice(std::string_view mistake, std::string_view written,
                         std::span<const std::string_view> choices);

// "a, b and c"
std::string listed(std::span<const std::string_view> words, std::string_view last = " and ");

}  // namespace invar
