#include "labels/pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/strings.h"

namespace invar::relabel {
namespace {

// Bounds the memory that one pattern may take, its lazily built automata included.
constexpr std::int64_t kMaxPatternMemory = 32 << 20;

RE2::Options options() {
  RE2::Options o;
  o.set_log_errors(false);
  o.set_max_mem(kMaxPatternMemory);
  return o;
}

std::string_view reason(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case RE2::ErrorPatternTooLarge:
      return "expression too large";
    case RE2::NoError:
    case RE2::ErrorInternal:
      break;
  }
  return "regexp/syntax: internal error";
}

Error syntax_error(std::string_view why, std::string_view where) {
  std::string message = "error parsing regexp: ";
  message += why;
  message += ": `";
  message += where;
  message += '`';
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

// Calls `on_group(offset)` for every "(?" outside classes and quotes, and `on_escape(offset)` for every
// escape.
template <class OnGroup, class OnEscape>
void scan(std::string_view pattern, OnGroup on_group, OnEscape on_escape) {
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      if (pattern[i + 1] == 'Q' && !in_class) {
        const std::size_t close = pattern.find("\\E", i + 2);
        if (close == std::string_view::npos) return;
        i = close + 1;
        continue;
      }
      on_escape(i);
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') ++i;
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') ++i;  // a leading ] is a literal
    } else if (c == '(' && i + 1 < pattern.size() && pattern[i + 1] == '?') {
      on_group(i);
    }
  }
}

// The library wants `(?P<name>` with unique names; users may also write `(?<name>` and repeat a name. Gives
// the same pattern with names g0, g1, ... and the names that were written, or nothing when a name is
// malformed.
struct Renamed {
  std::string pattern;
  std::vector<std::string> names;
};
std::optional<Renamed> rename_groups(std::string_view pattern) {
  Renamed result;
  bool valid = true;
  std::size_t copied = 0;
  scan(
      pattern,
      [&](std::size_t at) {
        std::string_view rest = pattern.substr(at + 2);
        const std::size_t head = rest.starts_with("P<") ? 2 : rest.starts_with("<") ? 1 : 0;
        if (head == 0) return;
        const std::size_t close = rest.find('>');
        if (close == std::string_view::npos) {
          valid = false;
          return;
        }
        const std::string_view name = rest.substr(head, close - head);
        for (const char c : name) valid = valid && (std::isalnum(static_cast<unsigned char>(c)) || c == '_');
        valid = valid && !name.empty();
        result.pattern += pattern.substr(copied, at - copied);
        result.pattern += "(?P<g" + std::to_string(result.names.size()) + ">";
        result.names.emplace_back(name);
        copied = at + 2 + close + 1;
      },
      [](std::size_t) {});
  if (!valid || result.names.empty()) return std::nullopt;
  result.pattern += pattern.substr(copied);
  return result;
}

// `\C` (one byte) is the library's own extension and not part of the language.
bool has_any_byte_escape(std::string_view pattern) {
  bool found = false;
  scan(pattern, [](std::size_t) {}, [&](std::size_t at) { found = found || pattern[at + 1] == 'C'; });
  return found;
}

// Well-formed text with U+FFFD for each bad byte, and where every byte of it came from.
struct Cleaned {
  std::string text;
  std::vector<std::size_t> origin;  // one more entry than bytes: the end
};
Cleaned clean(std::string_view text) {
  Cleaned out;
  out.text.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    const Rune rune = decode_rune(text.substr(at));
    const std::size_t before = out.text.size();
    append_rune(out.text, rune.value);
    for (std::size_t i = before; i < out.text.size(); ++i) out.origin.push_back(at);
    at += static_cast<std::size_t>(rune.length);
  }
  out.origin.push_back(text.size());
  return out;
}

}  // namespace

struct Pattern::Impl {
  explicit Impl(const std::string& wrapped) : re(wrapped, options()) {}
  RE2 re;
  bool everything = false;  // "(.*)", the default: matches any text, group 1 is all of it
  std::vector<std::string> names;
};

Result<Pattern> Pattern::compile(std::string_view pattern) {
  const std::string wrapped = "^(?s:" + std::string(pattern) + ")$";
  auto impl = std::make_shared<Impl>(wrapped);
  std::vector<std::string> renamed;
  if (impl->re.error_code() == RE2::ErrorBadNamedCapture || impl->re.error_code() == RE2::ErrorBadPerlOp) {
    if (auto unique = rename_groups(wrapped)) {
      auto second = std::make_shared<Impl>(unique->pattern);
      if (second->re.ok()) {
        impl = std::move(second);
        renamed = std::move(unique->names);
      }
    }
  }
  if (!impl->re.ok()) {
    return std::unexpected(syntax_error(reason(impl->re.error_code()), impl->re.error_arg()));
  }
  for (const auto& [name, group] : impl->re.NamedCapturingGroups()) {
    if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
      return std::unexpected(syntax_error("invalid named capture", "(?P<" + name + ">"));
  }
  if (has_any_byte_escape(wrapped)) return std::unexpected(syntax_error("invalid escape sequence", "\\C"));

  impl->everything = pattern == "(.*)";
  impl->names.resize(static_cast<std::size_t>(impl->re.NumberOfCapturingGroups()) + 1);
  for (const auto& [index, name] : impl->re.CapturingGroupNames()) {
    impl->names[static_cast<std::size_t>(index)] = name;
  }
  if (!renamed.empty()) {
    for (std::string& name : impl->names) {
      if (!name.empty()) name = renamed[*parse_uint(std::string_view(name).substr(1))];
    }
  }
  Pattern result;
  result.impl_ = std::move(impl);
  return result;
}

bool Pattern::matches(std::string_view text) const {
  if (text.data() == nullptr) text = "";
  if (impl_->everything) return true;
  if (valid_utf8(text))
    return impl_->re.Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
  const Cleaned cleaned = clean(text);
  return impl_->re.Match(cleaned.text, 0, cleaned.text.size(), RE2::UNANCHORED, nullptr, 0);
}

bool Pattern::match(std::string_view text, Groups& groups) const {
  if (text.data() == nullptr) text = "";  // an empty text takes part in a match: its data must not be null
  groups.assign(impl_->names.size(), {});
  if (impl_->everything) {
    groups[0] = groups[1] = text;
    return true;
  }
  std::vector<re2::StringPiece> found(groups.size());
  if (valid_utf8(text)) {
    if (!impl_->re.Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, found.data(),
                         static_cast<int>(found.size()))) {
      return false;
    }
    for (std::size_t i = 0; i < found.size(); ++i) groups[i] = {found[i].data(), found[i].size()};
    return true;
  }
  const Cleaned cleaned = clean(text);
  if (!impl_->re.Match(cleaned.text, 0, cleaned.text.size(), RE2::UNANCHORED, found.data(),
                       static_cast<int>(found.size()))) {
    return false;
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].data() == nullptr) continue;
    const auto begin = static_cast<std::size_t>(found[i].data() - cleaned.text.data());
    const std::size_t from = cleaned.origin[begin];
    groups[i] = text.substr(from, cleaned.origin[begin + found[i].size()] - from);
  }
  return true;
}

const std::vector<std::string>& Pattern::group_names() const {
  return impl_->names;
}

Template::Template(std::string_view text, const std::vector<std::string>& group_names) {
  static const RE2 kName("[\\pL\\p{Nd}_]+", options());
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) parts_.push_back({std::move(literal), {}});
    literal.clear();
  };
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    literal += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      literal += '$';
      text.remove_prefix(1);
      continue;
    }
    const bool braced = text.starts_with('{');
    re2::StringPiece rest(text.data(), text.size());
    if (braced) rest.remove_prefix(1);
    re2::StringPiece found;
    const bool named = kName.Match(rest, 0, rest.size(), RE2::ANCHOR_START, &found, 1);
    const std::size_t end = (braced ? 1 : 0) + found.size();
    if (!named || (braced && (end >= text.size() || text[end] != '}'))) {
      literal += '$';  // malformed: stays as it is
      continue;
    }
    const std::string_view name(found.data(), found.size());
    text.remove_prefix(end + (braced ? 1 : 0));

    Part part;
    // A number is a group's index unless it has a leading zero or is absurdly long; then it is a name.
    const bool numeric = name.find_first_not_of("0123456789") == std::string_view::npos &&
                         (name.front() != '0' || name.size() == 1) && name.size() <= 8;
    if (numeric) {
      const std::uint64_t index = *parse_uint(name);
      if (index < group_names.size()) part.groups.push_back(index);
    } else {
      for (std::size_t i = 1; i < group_names.size(); ++i) {
        if (group_names[i] == name) part.groups.push_back(i);
      }
    }
    if (part.groups.empty()) continue;  // no such group: expands to nothing
    flush();
    parts_.push_back(std::move(part));
    constant_ = false;
  }
  flush();
}

std::string Template::expand(const Groups& groups) const {
  std::string out;
  for (const Part& part : parts_) {
    if (part.groups.empty()) {
      out += part.literal;
      continue;
    }
    for (const std::size_t index : part.groups) {
      if (groups[index].data() == nullptr) continue;
      out += groups[index];
      break;
    }
  }
  return out;
}

}  // namespace invar::relabel
