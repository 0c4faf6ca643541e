#include "syntax/printer_layout.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace invar::syntax {
namespace {

constexpr std::uint32_t kPadding = 1;
constexpr std::uint32_t kTabWidth = 8;

std::uint32_t code_points(std::string_view text) {
  std::uint32_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    at += static_cast<unsigned char>(text[at]) < 0x80
              ? 1
              : static_cast<std::size_t>(decode_rune(text.substr(at)).length);
  }
  return count;
}

}  // namespace

void Layout::text(std::string_view bytes) {
  buffer_ += bytes;
  line_ += static_cast<std::uint32_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

void Layout::indent(int levels) {
  for (int i = 0; i < levels; ++i) hard_mark();
}

void Layout::mark(bool hard) {
  Line& line = lines_.back();
  const std::string_view text = std::string_view(buffer_).substr(line.rest);
  const bool multi_line = text.find('\n') != std::string_view::npos;
  if (line.aligned == line.cells.size() && !multi_line) ++line.aligned;
  line.cells.push_back({line.rest, buffer_.size(), code_points(text), 0, hard});
  line.rest = buffer_.size();
}

void Layout::end_line(LineEnd kind) {
  lines_.back().end = buffer_.size();
  ++line_;
  if (kind == LineEnd::kFlush || lines_.back().aligned == 0) {
    flush();
    out_ += '\n';
  } else {
    lines_.emplace_back().rest = buffer_.size();
  }
}

std::string Layout::take() {
  lines_.back().end = buffer_.size();
  flush();
  return std::move(out_);
}

// Writes all pending lines; the last one is left without its line end.
void Layout::flush() {
  size_columns();
  bool first = true;
  for (const Line& line : lines_) {
    if (!first) out_ += '\n';
    first = false;
    write(line);
  }
  buffer_.clear();
  lines_.clear();
  lines_.emplace_back();
}

void Layout::size_columns() {
  std::vector<Region> regions{{0, lines_.size(), 0}};
  while (!regions.empty()) {
    const Region region = regions.back();
    regions.pop_back();
    const auto has_cell = [&](std::size_t line) { return lines_[line].aligned > region.column; };
    for (std::size_t at = region.first; at < region.last;) {
      Region run{at, at, region.column};
      while (run.last < region.last && has_cell(run.last)) ++run.last;
      at = run.last + 1;
      if (run.first == run.last) continue;
      size_column(run);
      regions.push_back({run.first, run.last, region.column + 1});
    }
  }
}

void Layout::size_column(const Region& run) {
  std::uint32_t width = 0;
  bool vanishes = true;
  for (std::size_t i = run.first; i < run.last; ++i) {
    const Cell& cell = lines_[i].cells[run.column];
    width = std::max(width, cell.own);
    if (cell.own > 0 || cell.hard) vanishes = false;
  }
  for (std::size_t i = run.first; i < run.last; ++i) {
    lines_[i].cells[run.column].column = vanishes ? 0 : width + kPadding;
  }
}

void Layout::write(const Line& line) {
  bool leading = true;
  for (std::size_t i = 0; i < line.cells.size(); ++i) {
    const Cell& cell = line.cells[i];
    out_.append(buffer_, cell.begin, cell.end - cell.begin);
    if (cell.begin != cell.end) leading = false;
    if (i >= line.aligned) {
      out_ += ' ';
    } else if (leading) {
      out_.append((cell.column + kTabWidth - 1) / kTabWidth, '\t');
    } else {
      out_.append(cell.column - cell.own, ' ');
    }
  }
  out_.append(buffer_, line.rest, line.end - line.rest);
}

}  // namespace invar::syntax
