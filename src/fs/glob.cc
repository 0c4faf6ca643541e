#include "fs/glob.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace invar::fs {
namespace {

char32_t take_rune(std::string_view& text) {
  const Rune rune = decode_rune(text);
  text.remove_prefix(static_cast<std::size_t>(rune.length));
  return rune.value;
}

// One character of a class or of a literal, its escape resolved; nullopt when the pattern ends too early.
std::optional<char32_t> take_literal(std::string_view& pattern) {
  if (pattern.starts_with('\\')) pattern.remove_prefix(1);
  if (pattern.empty()) return std::nullopt;
  return take_rune(pattern);
}

// Behind '[': consumes the class; nullopt when it is malformed, else whether `rune` belongs to it.
std::optional<bool> match_class(std::string_view& pattern, char32_t rune) {
  const bool negated = pattern.starts_with('^');
  if (negated) pattern.remove_prefix(1);
  bool found = false;
  for (bool first = true;; first = false) {
    if (pattern.empty()) return std::nullopt;
    if (pattern.front() == ']' && !first) {
      pattern.remove_prefix(1);
      return found != negated;
    }
    if (pattern.front() == '-' || pattern.front() == ']') return std::nullopt;
    const auto low = take_literal(pattern);
    auto high = low;
    if (pattern.starts_with('-')) {
      pattern.remove_prefix(1);
      if (pattern.starts_with(']') || pattern.starts_with('-')) return std::nullopt;
      high = take_literal(pattern);
    }
    if (!low || !high) return std::nullopt;
    found = found || (*low <= rune && rune <= *high);
  }
}

}  // namespace

bool has_wildcard(std::string_view pattern) {
  return pattern.find_first_of("*?[\\") != std::string_view::npos;
}

bool valid_glob(std::string_view pattern) {
  while (!pattern.empty()) {
    const char c = pattern.front();
    pattern.remove_prefix(1);
    if (c == '[' && !match_class(pattern, 0)) return false;
    if (c == '\\') {
      if (pattern.empty()) return false;
      pattern.remove_prefix(1);
    }
  }
  return true;
}

bool glob_match(std::string_view pattern, std::string_view name) {
  // After a `*` failed to match, the last one takes one character more: time is bounded by pattern * name.
  std::optional<std::string_view> star_pattern;
  std::string_view star_name;
  const auto retry = [&] {
    if (!star_pattern || star_name.empty()) return false;
    take_rune(star_name);
    pattern = *star_pattern;
    name = star_name;
    return true;
  };
  for (;;) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      star_pattern = pattern;
      star_name = name;
      continue;
    }
    if (pattern.empty()) {
      if (name.empty()) return true;
      if (!retry()) return false;
      continue;
    }
    if (name.empty()) return false;
    bool matches = false;
    std::string_view rest = name;
    const char32_t rune = take_rune(rest);
    if (pattern.front() == '?') {
      pattern.remove_prefix(1);
      matches = true;
    } else if (pattern.front() == '[') {
      pattern.remove_prefix(1);
      const auto in_class = match_class(pattern, rune);
      if (!in_class) return false;
      matches = *in_class;
    } else {
      matches = take_literal(pattern) == rune;
    }
    if (matches) {
      name = rest;
    } else if (!retry()) {
      return false;
    }
  }
}

std::vector<std::string> expand_glob(const std::string& pattern, FileSystem& files) {
  if (!has_wildcard(pattern)) {
    if (files.stat(pattern)) return {pattern};
    return {};
  }
  const std::size_t slash = pattern.rfind('/');
  std::string directory = slash == std::string::npos ? "" : pattern.substr(0, slash);
  const std::string last = pattern.substr(slash == std::string::npos ? 0 : slash + 1);
  std::vector<std::string> directories;
  if (slash == std::string::npos || directory == ".") {
    directories = {""};
  } else if (directory.empty()) {
    directories = {"/"};
  } else if (has_wildcard(directory)) {
    directories = expand_glob(directory, files);
  } else {
    directories = {directory};
  }
  std::vector<std::string> found;
  for (const std::string& parent : directories) {
    const auto names = files.list(parent.empty() ? "." : parent);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (!glob_match(last, name)) continue;
      found.push_back(parent.empty() ? name : parent == "/" ? "/" + name : parent + "/" + name);
    }
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace invar::fs
