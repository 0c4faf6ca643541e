#include "convert/text_writer.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "syntax/parser.h"
#include "syntax/printer.h"

namespace invar::convert {

void TextWriter::attribute(std::string_view name, std::string_view expression) {
  text_ += fmt::format("{} = {}\n", name, expression);
}

void TextWriter::begin(std::string_view block, std::string_view label) {
  if (component_.empty() && !label.empty()) {
    component_ = fmt::format("{}.{}", block, label);
    report_ += fmt::format("(Info) {} was made.\n", component_);
  }
  text_ += label.empty() ? fmt::format("{} {{\n", block) : fmt::format("{} {} {{\n", block, quote(label));
}

void TextWriter::end() {
  text_ += "}\n";
}

void TextWriter::end_component() {
  text_ += "}\n\n";
  component_.clear();
}

void TextWriter::comment(std::string_view words) {
  report_ += fmt::format("(Warning) {}{}{}\n", component_, component_.empty() ? "" : ": ", words);
  for (const std::string_view line : split(words, '\n')) text_ += fmt::format("// {}\n", line);
}

std::string TextWriter::text() const {
  return formatted(text_);
}

std::string formatted(const std::string& text) {
  syntax::Diagnostics diagnostics;
  const auto file = syntax::parse_file(syntax::make_source("", text), diagnostics);
  return file == nullptr ? text : syntax::print_file(*file);
}

}  // namespace invar::convert
