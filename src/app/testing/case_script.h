// The text of a pipeline case: commands, one a line; indented lines below one are its body. tests/pipeline/README.md has the
// commands. Pure; threads: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace invar::app::testing {

struct CaseCommand {
  int line = 0;
  std::vector<std::string> words;
  std::vector<std::string> body;  // without their common indentation
  [[nodiscard]] std::string body_text() const;
};

// Errors: `LINE: what is wrong`.
Result<std::vector<CaseCommand>> parse_case(std::string_view text);

// "3 x rest" -> {3, "rest"}; without a count {1, text}.
std::pair<int, std::string> counted(const std::string& text);

}  // namespace invar::app::testing
