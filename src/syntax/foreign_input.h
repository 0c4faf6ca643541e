// Input that is no configuration at all: YAML, JSON, or a template that nobody has rendered. One sentence takes the place of the many
// errors that its lines would make. Pure. Source: language.md 10.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace invar::syntax {

// What `text` is, and what to do; "" when it looks like the language. `first_error` is the offset of the parser's first complaint.
std::string foreign_input(std::string_view text, std::uint32_t first_error);

}  // namespace invar::syntax
