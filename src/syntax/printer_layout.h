// Layout: lines of cells -> text in aligned columns (formatting.md 1.3, elastic tab stops).
// A cell ends at a mark; the text behind the last mark of a line belongs to no column. Neighbouring lines that have a
// cell at the same place share its width. A flushing line end, and a line without marks, end every column.
// Widths count code points. Linear in the number of cells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace invar::syntax {

class Layout {
 public:
  enum class LineEnd { kContinue, kFlush };

  // Text of the current cell. Line ends inside (raw strings, comments) are kept and never aligned.
  void text(std::string_view bytes);
  void soft_mark() { mark(false); }  // an empty column of soft cells vanishes
  void hard_mark() { mark(true); }
  void end_line(LineEnd kind);
  void indent(int levels);  // at the start of a line

  // Lines so far, those inside texts included.
  [[nodiscard]] std::uint32_t line() const { return line_; }
  [[nodiscard]] std::string take();

 private:
  // Text stands in buffer_ until its lines are flushed.
  struct Cell {
    std::size_t begin = 0, end = 0;
    std::uint32_t own = 0;     // code points
    std::uint32_t column = 0;  // width of its column, padding included
    bool hard = false;
  };
  struct Line {
    std::vector<Cell> cells;
    std::size_t aligned = 0;  // cells in front of the first that spans lines
    std::size_t rest = 0;     // begin of the text behind the last mark
    std::size_t end = 0;
  };
  struct Region {
    std::size_t first, last;  // lines [first, last)
    std::size_t column;
  };

  void mark(bool hard);
  void size_columns();
  void size_column(const Region& run);
  void write(const Line& line);
  void flush();

  std::string buffer_;
  std::vector<Line> lines_{1};
  std::string out_;
  std::uint32_t line_ = 0;
};

}  // namespace invar::syntax
