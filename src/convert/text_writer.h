// TextWriter: a configuration, statement by statement; text() is formatted. report() has a line for each component and comment.
// Threads: one owner.
#pragma once

#include <string>
#include <string_view>

namespace invar::convert {

class TextWriter {
 public:
  void attribute(std::string_view name, std::string_view expression);
  void begin(std::string_view block, std::string_view label = {});
  void end();
  void end_component();
  void comment(std::string_view words);  // on lines of its own
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const std::string& report() const { return report_; }

 private:
  std::string text_, report_;
  std::string component_;  // which is being written; "" = none
};

// As the printer lays it out; text that does not parse comes back as it is.
std::string formatted(const std::string& text);

}  // namespace invar::convert
