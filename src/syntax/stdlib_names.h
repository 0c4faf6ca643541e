// The names of the standard library as advice to who writes other ones. Threads: any. Spec: language.md 9.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace invar::syntax {

// "sys.env", "string.format", "coalesce": all that are not deprecated.
std::vector<std::string> stdlib_dotted_names();

// "sys.env" for "getenv": what functions of other languages are here, as they are called or nearly so. "": nothing is known.
std::string stdlib_equivalent(std::string_view name);

// What is wrong with a chain of names that begins in the standard library: which name, counted from 0, and the sentence.
struct UnknownMember {
  std::size_t index = 0;  // 0: nothing is wrong
  std::string sentence;
};
UnknownMember stdlib_unknown_member(const std::vector<std::string>& chain);

}  // namespace invar::syntax
