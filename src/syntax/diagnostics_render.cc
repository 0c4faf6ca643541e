// The printed form of diagnostics: language.md 10.1.
#include <algorithm>

#include "base/shown_text.h"
#include "base/strings.h"
#include "syntax/diagnostics.h"
#include "syntax/limits.h"

namespace invar::syntax {
namespace {

constexpr std::string_view kRed = "\x1b[1;31m", kYellow = "\x1b[1;33m", kBold = "\x1b[1m", kReset = "\x1b[0m";

constexpr std::string_view kUnshown = "\xEF\xBF\xBD";  // U+FFFD, for what would steer a terminal

std::string_view line_text(const Source& source, std::uint32_t line) {
  const std::string_view text = source.text;
  const std::size_t begin = source.line_starts[line - 1];
  const std::size_t end =
      line < source.line_starts.size() ? source.line_starts[line] - std::size_t{1} : text.size();
  return text.substr(begin, end - begin);
}

class Excerpt {
 public:
  Excerpt(std::string& out, const Source& source, const Position& start, const Position& end)
      : out_(out), source_(source), start_(start), end_(end) {}

  void print() {
    const auto lines = static_cast<std::uint32_t>(source_.line_starts.size());
    const std::uint32_t first = start_.line > 1 ? start_.line - 1 : 1;
    const std::uint32_t last = std::min(lines, end_.line + 1);
    width_ = std::to_string(last).size();
    const bool multi_line = start_.line != end_.line;
    const std::uint32_t half = kMaxExcerptLines / 2;
    for (std::uint32_t line = first; line <= last; ++line) {
      if (last - first >= kMaxExcerptLines && line == first + half) {
        out_ += std::string(width_, ' ') + " | ...\n";
        line = last - half;
      }
      source_line(line, multi_line);
      if (!multi_line && line == start_.line) single_marker();
      if (multi_line && line == start_.line) first_marker();
      if (multi_line && line == end_.line) last_marker();
    }
  }

 private:
  void source_line(std::uint32_t line, bool multi_line) {
    const std::string number = std::to_string(line);
    out_ += std::string(width_ - number.size(), ' ') + number + " | ";
    if (multi_line) out_ += line > start_.line && line <= end_.line ? "| " : "  ";
    const std::string_view text = line_text(source_, line);
    for (std::string_view rest = text.substr(0, kMaxExcerptLineBytes); !rest.empty();) {
      const std::string_view character = rest.substr(0, static_cast<std::size_t>(decode_rune(rest).length));
      rest.remove_prefix(character.size());
      if (character == "\t" || character == "\v") {
        out_ += "    ";
      } else if (character != "\r") {
        // One place for each, as the carets count them.
        out_ += shown_lines(character) == character ? character : kUnshown;
      }
    }
    if (text.size() > kMaxExcerptLineBytes) out_ += " ...";
    out_ += '\n';
  }

  void margin(std::string_view rest) {
    out_ += std::string(width_, ' ') + " | ";
    out_ += rest;
  }

  // Calls item(column, is_tab) for every character of a line; columns are those of its first byte.
  template <class Item>
  void each_character(std::uint32_t line, std::uint32_t until_column, Item item) {
    const std::string_view text = line_text(source_, line).substr(0, kMaxExcerptLineBytes);
    for (std::size_t at = 0; at < text.size() && at < until_column;) {
      item(static_cast<std::uint32_t>(at + 1), text[at] == '\t' || text[at] == '\v');
      at += static_cast<std::size_t>(decode_rune(text.substr(at)).length);
    }
    out_ += '\n';
  }

  void single_marker() {
    margin("");
    each_character(start_.line, end_.column, [&](std::uint32_t column, bool tab) {
      if (tab) {
        out_ += "    ";
      } else {
        out_ += column >= start_.column ? '^' : ' ';
      }
    });
  }

  void first_marker() {
    margin(" _");
    each_character(start_.line, UINT32_MAX, [&](std::uint32_t column, bool tab) {
      if (tab) {
        out_ += "____";
      } else {
        out_ += column >= start_.column ? '^' : '_';
      }
    });
  }

  void last_marker() {
    margin("|_");
    each_character(end_.line, end_.column, [&](std::uint32_t, bool tab) { out_ += tab ? "____" : "^"; });
  }

  std::string& out_;
  const Source& source_;
  const Position& start_;
  const Position& end_;
  std::size_t width_ = 0;
};

}  // namespace

std::string Diagnostics::render(bool colour) const {
  std::string out;
  bool first = true;
  for (const Diagnostic& d : list_) {
    if (!first) out += '\n';
    first = false;
    const bool error = d.severity == Severity::kError;
    if (colour) out += error ? kRed : kYellow;
    out += error ? "Error: " : "Warning: ";
    if (colour) (out += kReset) += kBold;
    out += shown_lines(d.to_string());
    if (colour) out += kReset;
    out += '\n';

    const Position& start = d.range.start;
    const Position& end = d.range.end.valid() ? d.range.end : start;
    const bool known = start.valid() && start.source && start.source == end.source &&
                       end.line >= start.line && end.line <= start.source->line_starts.size();
    if (!known || out.size() > kMaxRenderedBytes) continue;
    out += '\n';
    Excerpt(out, *start.source, start, end).print();
  }
  return out;
}

}  // namespace invar::syntax
