#include "syntax/diagnostics.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/strings.h"
#include "syntax/limits.h"

namespace invar::syntax {

SourcePtr make_source(std::string name, std::string text) {
  auto source = std::make_shared<Source>();
  source->name = std::move(name);
  source->text = std::move(text);
  source->line_starts.push_back(0);
  // A source over the limit is refused as a whole: its lines are never asked for.
  if (source->text.size() > kMaxSourceBytes) return source;
  const std::string& bytes = source->text;
  source->line_starts.reserve(1 + std::count(bytes.begin(), bytes.end(), '\n'));
  for (std::size_t at = bytes.find('\n'); at != std::string::npos; at = bytes.find('\n', at + 1)) {
    source->line_starts.push_back(static_cast<std::uint32_t>(at + 1));
  }
  return source;
}

Position position_at(const SourcePtr& source, std::uint32_t offset) {
  if (!source) return {};
  const std::vector<std::uint32_t>& starts = source->line_starts;
  Position position{source, offset, 1, offset + 1};
  if (!starts.empty()) {
    const auto next = std::upper_bound(starts.begin(), starts.end(), offset);
    position.line = static_cast<std::uint32_t>(next - starts.begin());
    position.column = offset - *std::prev(next) + 1;
  }
  return position;
}

std::string Position::to_string() const {
  const std::string name = source ? source->name : std::string();
  if (!valid()) return name.empty() ? "-" : name;
  const std::string place = std::to_string(line) + ":" + std::to_string(column);
  return name.empty() ? place : name + ":" + place;
}

std::string Diagnostic::to_string() const {
  return range.start.to_string() + ": " + message;
}

void Diagnostics::append(Diagnostics other) {
  list_.insert(list_.end(), std::make_move_iterator(other.list_.begin()),
               std::make_move_iterator(other.list_.end()));
}

bool Diagnostics::has_errors() const {
  return std::any_of(list_.begin(), list_.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

std::string Diagnostics::summary() const {
  if (list_.empty()) return "no errors";
  std::string out = list_.front().to_string();
  if (list_.size() > 1) out += " (and " + std::to_string(list_.size() - 1) + " more diagnostics)";
  return out;
}

}  // namespace invar::syntax
