// TextWriter: a configuration, statement by statement; text() is formatted.
// Threads: one owner.
#pragma once

#include <string>
#include <string_view>

namespace invar::convert {

class TextWriter {
 public:
  void attribute(std::string_view name, std::string_view expression);
  void begin(std::string_view block, std::string_view label = {});
  void end() { text_ += "}\n"; }
  void end_component() { text_ += "}\n\n"; }
  void comment(std::string_view words);  // on lines of its own
  [[nodiscard]] std::string text() const;

 private:
  std::string text_;
};

// As the printer lays it out; text that does not parse comes back as it is.
std::string formatted(const std::string& text);

}  // namespace invar::convert
