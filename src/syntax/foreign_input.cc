#include "syntax/foreign_input.h"

#include <algorithm>

#include "base/strings.h"

namespace invar::syntax {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

// The line around `offset`, without the white space before it.
std::string_view line_at(std::string_view text, std::size_t offset) {
  const std::size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return trim_space(text.substr(begin, text.find('\n', begin) - begin));
}

// "key:" or "key: value", also as an item of a list; the key is a word.
bool is_yaml_entry(std::string_view line) {
  if (line.starts_with("- ")) line = trim_space(line.substr(2));
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  if (colon + 1 < line.size() && line[colon + 1] != ' ') return false;
  return std::ranges::all_of(line.substr(0, colon), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./\"'").find(c) != std::string_view::npos;
  });
}

std::string_view first_line(std::string_view text) {
  while (true) {
    text = text.substr(std::min(text.find_first_not_of(kBlank), text.size()));
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!line.starts_with('#') && !line.starts_with("//")) return trim_space(line);
    text.remove_prefix(line.size());
  }
}

bool is_yaml(std::string_view text, std::uint32_t first_error) {
  const std::string_view first = first_line(text);
  if (first.starts_with("---") || first.starts_with("%YAML")) return true;
  const std::string_view complained = line_at(text, first_error);
  return is_yaml_entry(first) && (complained.starts_with('#') || is_yaml_entry(complained));
}

}  // namespace

std::string foreign_input(std::string_view text, std::uint32_t first_error) {
  const std::string_view around = text.substr(first_error == 0 ? 0 : first_error - 1, 3);
  if (around.find("{{") != std::string_view::npos)
    return "this is a template that has not been rendered (\"{{\"): render it first, with `helm template` "
           "for a Helm chart";
  if (text.find_first_not_of(kBlank) == first_error && text.substr(first_error).starts_with('{'))
    return "this is JSON; Invar reads the Alloy configuration language (*.alloy)";
  if (is_yaml(text, first_error))
    return "this is YAML; Invar reads the Alloy configuration language (*.alloy)";
  return "";
}

}  // namespace invar::syntax
