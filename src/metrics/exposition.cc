#include "metrics/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace invar::metrics {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    const auto length = static_cast<std::size_t>(rune.length);
    if (rune.value == U'\\') {
      out.append("\\\\");
    } else if (rune.value == U'\n') {
      out.append("\\n");
    } else if (rune.value == U'"' && quotes) {
      out.append("\\\"");
    } else {
      append_rune(out, rune.value);
    }
    text.remove_prefix(length);
  }
}

}  // namespace

bool valid_metric_name(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == ':'; });
}

bool valid_label_name(std::string_view name) {
  return !name.empty() && !is_digit(name.front()) && !name.starts_with("__") &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c); });
}

std::string render_labels(LabelPairs labels) {
  std::ranges::sort(labels);
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out.push_back(',');
    out.append(name).append("=\"");
    append_escaped(out, value, true);
    out.push_back('"');
  }
  return out;
}

void append_help(std::string& out, std::string_view name, std::string_view help) {
  if (help.empty()) return;
  out.append("# HELP ").append(name).append(" ");
  append_escaped(out, help, false);
  out.push_back('\n');
}

void append_type(std::string& out, std::string_view name, std::string_view type) {
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, double value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(format_value(value)).append("\n");
}

std::string format_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace invar::metrics
