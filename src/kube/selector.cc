#include "kube/selector.h"

#include <algorithm>

#include "base/shown_text.h"
#include "base/strings.h"

namespace invar::kube {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestPrefix = 253;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A label's value, and its name behind the prefix.
bool is_word(std::string_view text) {
  const auto inner = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return text.size() <= kLongestName && !text.empty() && std::ranges::all_of(text, inner) &&
         is_alphanumeric(text.front()) && is_alphanumeric(text.back());
}

bool is_key(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_word(text);
  const auto inner = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  const std::string_view prefix = text.substr(0, slash);
  return !prefix.empty() && prefix.size() <= kLongestPrefix && std::ranges::all_of(prefix, inner) &&
         is_word(text.substr(slash + 1));
}

bool is_value(std::string_view text) {
  return text.empty() || is_word(text);
}

// One requirement after the other; each ends at a comma outside of brackets.
class LabelSelector {
 public:
  explicit LabelSelector(std::string_view text) : left_(text) {}

  bool is_valid() {
    if (trim_space(left_).empty()) return true;
    do {
      if (!requirement()) return false;
    } while (take(","));
    return left_.empty();
  }

 private:
  void skip_blanks() {
    while (!left_.empty() && is_space(left_.front())) left_.remove_prefix(1);
  }
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  bool take(std::string_view token) {
    skip_blanks();
    if (!left_.starts_with(token)) return false;
    left_.remove_prefix(token.size());
    return true;
  }
  std::string_view word() {
    skip_blanks();
    const std::size_t end = std::min(left_.find_first_of(" \t\r\n=!(),<>"), left_.size());
    const std::string_view out = left_.substr(0, end);
    left_.remove_prefix(end);
    return out;
  }

  bool requirement() {
    const bool absent = take("!");
    if (!is_key(word())) return false;
    skip_blanks();
    if (left_.empty() || left_.front() == ',') return true;
    if (absent) return false;
    for (const std::string_view operation : {"==", "!=", "=", ">", "<"})
      if (take(operation)) return is_value(word());
    const std::string_view operation = word();
    return (operation == "in" || operation == "notin") && values();
  }
  bool values() {
    if (!take("(")) return false;
    do {
      if (!is_value(word())) return false;
    } while (take(","));
    return take(")");
  }

  std::string_view left_;
};

std::unexpected<Error> wrong(std::string_view text, std::string_view what, std::string_view example) {
  return fail(ErrorCode::kInvalidArgument,
              quote(shown_text(text)) + " is no " + std::string(what) + "; write it as in " + quote(example));
}

}  // namespace

Result<> check_label_selector(std::string_view text) {
  if (LabelSelector(text).is_valid()) return {};
  return wrong(text, "label selector", "app=shop,tier notin (test, dev)");
}

Result<> check_field_selector(std::string_view text) {
  bool has_operator = false;  // of the term that is being read; an empty one means nothing
  bool empty = true;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == ',') {
      if (!empty && !has_operator) return wrong(text, "field selector", "spec.nodeName=node-1");
      has_operator = false;
      empty = true;
      continue;
    }
    empty = false;
    if (text[i] == '=') has_operator = true;
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
  }
  return {};
}

}  // namespace invar::kube
