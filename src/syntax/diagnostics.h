// Diagnostics: everything the user wrote wrong, with its place, several at once.
// Printed form: language.md 10.1 (header, excerpt with one line of context, carets; multi-line ranges drawn at the margin).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace invar::syntax {

// One configuration source. Positions point into it, so it is kept alive by shared_ptr for as long as they are.
struct Source {
  std::string name;  // path as the user gave it; "<stdin>"; an import's label
  std::string text;
  std::vector<std::uint32_t> line_starts;  // byte offsets; filled by make_source
};
using SourcePtr = std::shared_ptr<const Source>;
SourcePtr make_source(std::string name, std::string text);

// A byte in a source. line and column are 1-based, columns count bytes. Without a source: "-".
struct Position {
  SourcePtr source;
  std::uint32_t offset = 0, line = 0, column = 0;
  [[nodiscard]] bool valid() const { return line != 0; }
  [[nodiscard]] std::string to_string() const;  // file:line:col | line:col | file | -
};
Position position_at(const SourcePtr& source, std::uint32_t offset);

struct Range {
  Position start, end;  // end is the last byte, inclusive; may be invalid
};

enum class Severity { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  Range range;
  std::string message;
  std::size_t times = 1;  // so many mistakes it stands for
  bool foreign =
      false;  // about a block that belongs to another program: said last, and once for all its places
  [[nodiscard]] std::string to_string() const;  // "<pos>: <message>"
};

class Diagnostics {
 public:
  void error(Range range, std::string message) {
    list_.push_back({Severity::kError, std::move(range), std::move(message)});
  }
  void warning(Range range, std::string message) {
    list_.push_back({Severity::kWarning, std::move(range), std::move(message)});
  }
  void add(Diagnostic d) { list_.push_back(std::move(d)); }
  void append(Diagnostics other);
  // For reading: by file (in the order of their first mention) and place, what is foreign last; what is said three times or more, or
  // is foreign, is said once, at its first place, with the number of the others.
  void arrange();
  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] bool has_errors() const;
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] std::size_t count(
      Severity severity) const;  // of mistakes, those that arrange() folded included
  [[nodiscard]] std::size_t count_foreign() const;
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }
  [[nodiscard]] std::string summary() const;            // first, then " (and N more diagnostics)"
  [[nodiscard]] std::string render(bool colour) const;  // blocks separated by one blank line, no trailing one

 private:
  std::vector<Diagnostic> list_;
};

}  // namespace invar::syntax
