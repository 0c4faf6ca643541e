#include "labels/selector.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace invar {
namespace {

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}
bool continues_name(char c) {
  return begins_name(c) || (c >= '0' && c <= '9');
}
bool is_quote(char c) {
  return c == '"' || c == '\'' || c == '`';
}

}  // namespace

class Selector::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Selector> parse() {
    Selector selector;
    skip_space();
    bool comma = true;  // one may stand in front of the next matcher, or it is the first
    if (begins_name(peek()) || is_quote(peek())) {
      const std::size_t start = at_;
      INVAR_ASSIGN_OR_RETURN(std::string name, name_or_string());
      skip_space();
      if (peek() == '{' || peek() == '\0') {
        selector.matchers_.push_back(
            {.name = std::string(kMetricName), .value = std::move(name), .pattern = {}});
      } else {
        at_ = start;
      }
    }
    const bool braces = take('{');
    for (skip_space(); peek() != '\0' && peek() != '}'; skip_space()) {
      if (!comma) return wrong("a comma");
      INVAR_ASSIGN_OR_RETURN(Matcher matcher, read_matcher());
      selector.matchers_.push_back(std::move(matcher));
      skip_space();
      comma = take(',');
    }
    if (braces && !take('}')) return wrong("a closing brace");
    skip_space();
    if (peek() != '\0') return wrong("the end");
    return selector;
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] std::unexpected<Error> wrong(std::string_view expected) const {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("selector {}: expected {} at character {}", quote(text_), expected, at_ + 1));
  }

  Result<Matcher> read_matcher() {
    Matcher matcher;
    const bool quoted = is_quote(peek());
    INVAR_ASSIGN_OR_RETURN(matcher.name, name_or_string());
    skip_space();
    if (quoted && (peek() == ',' || peek() == '}')) {  // {"memory"}
      matcher.value = std::exchange(matcher.name, std::string(kMetricName));
      return matcher;
    }
    bool regex = false;
    if (take('=')) {
      regex = take('~');
    } else if (peek() == '!' && (peek(1) == '=' || peek(1) == '~')) {
      matcher.negated = true;
      regex = peek(1) == '~';
      at_ += 2;
    } else {
      return wrong("one of =, !=, =~, !~");
    }
    skip_space();
    if (!is_quote(peek())) return wrong("a value in quotes");
    INVAR_ASSIGN_OR_RETURN(matcher.value, string());
    if (regex) {
      auto pattern = relabel::Pattern::compile(matcher.value);
      if (!pattern) return std::unexpected(pattern.error().wrapped("selector " + quote(text_)));
      matcher.pattern.push_back(std::move(*pattern));
    }
    return matcher;
  }

  Result<std::string> name_or_string() {
    if (is_quote(peek())) return string();
    if (!begins_name(peek())) return wrong("a label name");
    const std::size_t start = at_;
    while (continues_name(peek())) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  Result<std::string> string() {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) return out;
      if (c != '\\' || quote == '`') {
        out += c;
      } else {
        INVAR_TRY(escape(out));
      }
    }
    return wrong("a closing quote");
  }

  Result<> escape(std::string& out) {
    const char c = peek();
    ++at_;
    constexpr std::string_view kNames = "abfnrtv\\'\"", kMeanings = "\a\b\f\n\r\t\v\\'\"";
    if (const auto known = kNames.find(c); known != std::string_view::npos && c != '\0') {
      out += kMeanings[known];
      return {};
    }
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    const auto number =
        digits == 0 || at_ + digits > text_.size() ? std::nullopt : parse_uint(text_.substr(at_, digits), 16);
    if (!number || *number > 0x10ffff || (*number >= 0xd800 && *number < 0xe000)) {
      --at_;
      return wrong("a valid escape");
    }
    at_ += digits;
    if (c == 'x') {
      out += static_cast<char>(*number);
    } else {
      append_rune(out, static_cast<char32_t>(*number));
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<Selector> Selector::parse(std::string_view text) {
  return Parser(text).parse();
}

bool Selector::matches(const Labels& labels) const {
  return std::ranges::all_of(matchers_, [&](const Matcher& m) {
    const std::string_view value = labels.get(m.name);
    return (m.pattern.empty() ? value == m.value : m.pattern.front().matches(value)) != m.negated;
  });
}

}  // namespace invar
