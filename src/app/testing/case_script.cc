#include "app/testing/case_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace invar::app::testing {
namespace {

std::size_t indentation(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  for (const std::string_view word : split(line, ' '))
    if (!word.empty()) out.emplace_back(word);
  return out;
}

void tidy(std::vector<std::string>& body) {
  while (!body.empty() && body.back().empty()) body.pop_back();
  std::size_t common = std::string::npos;
  for (const std::string& line : body)
    if (!line.empty()) common = std::min(common, indentation(line));
  for (std::string& line : body) line.erase(0, std::min(common, line.size()));
}

}  // namespace

std::string CaseCommand::body_text() const {
  std::string out;
  for (const std::string& line : body) out += line + "\n";
  return out;
}

Result<std::vector<CaseCommand>> parse_case(std::string_view text) {
  std::vector<CaseCommand> out;
  int number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.find('\t') < indentation(line))
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}: indent with blanks, not with tabs", number));
    const std::string_view content = trim_space(line);
    if (indentation(line) > 0 && !content.empty()) {
      if (out.empty())
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{}: nothing above that this belongs to", number));
      out.back().body.emplace_back(line);
    } else if (content.empty()) {
      if (!out.empty() && !out.back().body.empty()) out.back().body.emplace_back();
    } else if (!content.starts_with('#')) {
      out.push_back({.line = number, .words = words_of(content), .body = {}});
    }
  }
  for (CaseCommand& command : out) tidy(command.body);
  return out;
}

std::pair<int, std::string> counted(const std::string& text) {
  const auto at = text.find(" x ");
  if (at == std::string::npos) return {1, text};
  const auto count = parse_uint(std::string_view(text).substr(0, at));
  if (!count) return {1, text};
  return {static_cast<int>(*count), text.substr(at + 3)};
}

}  // namespace invar::app::testing
