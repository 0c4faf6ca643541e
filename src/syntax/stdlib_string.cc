// string.* and file.*: language.md 9.2. Texts are bytes; where characters matter they are UTF-8, a malformed
// byte being one.
#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "syntax/stdlib_internal.h"

namespace invar::syntax {
namespace {

Outcome join_texts(const std::vector<std::string>& parts, const std::string& separator) {
  std::size_t size = 0;
  for (const auto& part : parts) size += part.size() + separator.size();
  if (size > kMaxTextBytes) return std::unexpected("the result is too long");
  return Value(join(parts, separator));
}

std::size_t character_length(std::string_view text) {
  return static_cast<std::size_t>(decode_rune(text).length);
}

Outcome split_text(const std::string& text, const std::string& separator) {
  ArrayData out;
  std::string_view rest = text;
  if (separator.empty()) {
    while (!rest.empty()) {
      if (out.size() == kMaxElements) return std::unexpected("the result is too long");
      const std::size_t length = character_length(rest);
      out.emplace_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    return Value(std::move(out));
  }
  for (;;) {
    if (out.size() == kMaxElements) return std::unexpected("the result is too long");
    const auto at = rest.find(separator);
    out.emplace_back(rest.substr(0, at));
    if (at == std::string_view::npos) return Value(std::move(out));
    rest.remove_prefix(at + separator.size());
  }
}

// An empty `old` matches before every character and at the end.
Outcome replace_text(const std::string& text, const std::string& old, const std::string& replacement) {
  std::string out;
  std::string_view rest = text;
  const auto too_long = [&] { return out.size() > kMaxTextBytes; };
  if (old.empty()) {
    while (!rest.empty() && !too_long()) {
      const std::size_t length = character_length(rest);
      out.append(replacement).append(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    out += replacement;
  } else {
    for (auto at = rest.find(old); at != std::string_view::npos && !too_long(); at = rest.find(old)) {
      out.append(rest.substr(0, at)).append(replacement);
      rest.remove_prefix(at + old.size());
    }
    out += rest;
  }
  return text_outcome(std::move(out));
}

// Simple case mapping, character by character, by the C library's Unicode locale.
template <class Map>
Outcome map_case(const std::string& text, Map map) {
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  out.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    const Rune rune = decode_rune(rest);
    rest.remove_prefix(static_cast<std::size_t>(rune.length));
    const auto wide = static_cast<wint_t>(rune.value);
    append_rune(out, static_cast<char32_t>(unicode != nullptr ? map(wide, unicode) : wide));
  }
  return text_outcome(std::move(out));
}
Outcome lower_case(const std::string& text) {
  return map_case(text, &towlower_l);
}
Outcome upper_case(const std::string& text) {
  return map_case(text, &towupper_l);
}

bool is_unicode_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

// The last character of a text that is not empty.
std::string_view last_character(std::string_view text) {
  for (std::size_t length = 2; length <= 4 && length <= text.size(); ++length) {
    const std::string_view tail = text.substr(text.size() - length);
    if (character_length(tail) == length) return tail;
  }
  return text.substr(text.size() - 1);
}

template <class Predicate>
std::string_view trim_where(std::string_view text, Predicate strip) {
  while (!text.empty() && strip(text.substr(0, character_length(text))))
    text.remove_prefix(character_length(text));
  while (!text.empty() && strip(last_character(text))) text.remove_suffix(last_character(text).size());
  return text;
}

Outcome trim_set(const std::string& text, const std::string& cutset) {
  std::vector<char32_t> set;
  for (std::string_view rest = cutset; !rest.empty();) {
    const Rune rune = decode_rune(rest);
    set.push_back(rune.value);
    rest.remove_prefix(static_cast<std::size_t>(rune.length));
  }
  return Value(trim_where(text, [&](std::string_view character) {
    return std::find(set.begin(), set.end(), decode_rune(character).value) != set.end();
  }));
}

Outcome trim_white_space(const std::string& text) {
  return Value(trim_where(
      text, [](std::string_view character) { return is_unicode_space(decode_rune(character).value); }));
}

Outcome trim_prefix(std::string text, const std::string& prefix) {
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
  return Value(std::move(text));
}

Outcome trim_suffix(std::string text, const std::string& suffix) {
  if (text.ends_with(suffix)) text.resize(text.size() - suffix.size());
  return Value(std::move(text));
}

std::expected<Value, FunctionError> format(FunctionData::Arguments arguments) {
  auto specification = Codec<std::string>::decode(arguments[0]);
  if (!specification) return argument_failure(0, std::move(specification).error());
  auto text = format_text(*specification, arguments.subspan(1));
  if (!text) return callee_failure(std::move(text).error());
  return std::move(*text);
}

// Lexical cleaning only: nothing is looked up on the disk.
std::string clean_path(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string> kept;
  for (const auto part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      kept.emplace_back(part);
    else if (!kept.empty() && kept.back() != "..")
      kept.pop_back();
    else if (!rooted)
      kept.emplace_back("..");
  }
  const std::string joined = join(kept, "/");
  if (rooted) return "/" + joined;
  return joined.empty() ? "." : joined;
}

std::expected<Value, FunctionError> path_join(FunctionData::Arguments arguments) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    auto part = Codec<std::string>::decode(arguments[i]);
    if (!part) return argument_failure(i, std::move(part).error());
    if (!part->empty()) parts.push_back(std::move(*part));
  }
  return Value(parts.empty() ? std::string() : clean_path(join(parts, "/")));
}

}  // namespace

NamedValues string_functions() {
  return {{"format", raw_function(1, true, &format)},    {"join", typed_function(&join_texts)},
          {"split", typed_function(&split_text)},        {"replace", typed_function(&replace_text)},
          {"to_lower", typed_function(&lower_case)},     {"to_upper", typed_function(&upper_case)},
          {"trim", typed_function(&trim_set)},           {"trim_prefix", typed_function(&trim_prefix)},
          {"trim_suffix", typed_function(&trim_suffix)}, {"trim_space", typed_function(&trim_white_space)}};
}

NamedValues file_functions() {
  return {{"path_join", raw_function(0, true, &path_join)}};
}

}  // namespace invar::syntax
