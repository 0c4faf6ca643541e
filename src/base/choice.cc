#include "base/choice.h"

#include <vector>

#include "base/shown_text.h"
#include "base/strings.h"

namespace invar {
namespace {

std::string guess(std::string_view written, std::span<const std::string_view> choices) {
  for (const std::string_view choice : choices)
    if (equals_ignore_case(choice, trim_space(written))) return std::string(choice);
  const auto similar = similar_names(written, std::vector<std::string>(choices.begin(), choices.end()));
  if (similar.size() == 1) return similar.front();  // "TLS14" is as near to one version as to another
  constexpr std::size_t kShortestBeginning = 3;     // "warning" is "warn"
  for (const std::string_view choice : choices)
    if (choice.size() >= kShortestBeginning && to_lower_ascii(written).starts_with(to_lower_ascii(choice)))
      return std::string(choice);
  return "";
}

}  // namespace

std::string wrong_choice(std::string_view mistake, std::string_view written,
                         std::span<const std::string_view> choices) {
  std::string out = std::string(mistake) + " " + quote(shown_text(written)) +
                    (choices.size() == 1 ? "; it can only be " : "; it is one of ") + listed(choices);
  if (const std::string meant = guess(written, choices); !meant.empty())
    out += " (did you mean " + quote(meant) + "?)";
  return out;
}

std::string listed(std::span<const std::string_view> words, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 < words.size() ? ", " : last;
    out += words[i];
  }
  return out;
}

}  // namespace invar
