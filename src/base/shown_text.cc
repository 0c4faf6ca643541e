#include "base/shown_text.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "base/unicode.h"

namespace invar {
namespace {

constexpr std::string_view kCut = "…";

bool is_broken(const Rune& rune) {
  return rune.value == 0xFFFD && rune.length == 1;
}

bool is_white(char32_t rune) {
  return rune == ' ' || (rune >= '\t' && rune <= '\r') || rune == 0x85 || rune == 0x2028 || rune == 0x2029;
}

// Marks that change how the text around them is laid out.
bool steers_layout(char32_t rune) {
  return (rune >= 0x200B && rune <= 0x200F) || (rune >= 0x202A && rune <= 0x202E) ||
         (rune >= 0x2060 && rune <= 0x206F) || rune == 0xFEFF;
}

void append_shown(std::string& out, std::string_view bytes, const Rune& rune) {
  if (is_broken(rune) || rune.value < 0x20 || (rune.value >= 0x7F && rune.value < 0xA0)) {
    for (const char c : bytes.substr(0, static_cast<std::size_t>(rune.length)))
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  } else if (steers_layout(rune.value)) {
    out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(rune.value));
  } else {
    out += bytes.substr(0, static_cast<std::size_t>(rune.length));
  }
}

}  // namespace

std::string shown_text(std::string_view outside, std::size_t max_bytes) {
  std::string out;
  std::size_t fits = 0;  // so much of `out` leaves room for the mark of a cut
  for (std::string_view rest = trim_space(outside); !rest.empty();) {
    const Rune rune = decode_rune(rest);
    if (is_white(rune.value)) {
      if (!out.ends_with(' ')) out += ' ';
    } else {
      append_shown(out, rest, rune);
    }
    rest.remove_prefix(static_cast<std::size_t>(rune.length));
    if (out.size() > max_bytes) return out.substr(0, fits) + std::string(kCut);
    if (out.size() + kCut.size() <= max_bytes) fits = out.size();
  }
  return out;
}

std::string shown_lines(std::string_view outside) {
  std::string out;
  out.reserve(outside.size());
  while (!outside.empty()) {
    const Rune rune = decode_rune(outside);
    if (rune.value == '\n' || rune.value == '\t')
      out += outside.front();
    else
      append_shown(out, outside, rune);
    outside.remove_prefix(static_cast<std::size_t>(rune.length));
  }
  return out;
}

bool looks_like_text(std::string_view outside) {
  constexpr std::size_t kEnough = 512, kOneOf = 32;
  std::size_t odd = 0, seen = 0;
  for (std::string_view rest = outside.substr(0, kEnough); !rest.empty(); ++seen) {
    const Rune rune = decode_rune(rest);
    const bool cut_by_us = is_broken(rune) && rest.size() < 4 && outside.size() > kEnough;
    if (rune.value == 0 || (is_broken(rune) && !cut_by_us)) return false;
    if (rune.value < 0x20 && !is_white(rune.value)) ++odd;
    rest.remove_prefix(static_cast<std::size_t>(rune.length));
  }
  return odd * kOneOf <= seen;
}

}  // namespace invar
