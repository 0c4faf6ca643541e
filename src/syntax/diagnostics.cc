#include "syntax/diagnostics.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <tuple>

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

void Diagnostics::arrange() {
  std::map<const Source*, std::size_t> order;
  for (const Diagnostic& d : list_) order.try_emplace(d.range.start.source.get(), order.size());
  std::ranges::stable_sort(list_, {}, [&](const Diagnostic& d) {
    return std::tuple(d.foreign, order.at(d.range.start.source.get()), d.range.start.offset);
  });

  constexpr std::size_t kOften = 3, kMostPlaces = 5;
  std::map<std::pair<Severity, std::string_view>, std::vector<const Diagnostic*>> same;
  for (const Diagnostic& d : list_) same[{d.severity, d.message}].push_back(&d);
  std::vector<Diagnostic> out;
  for (const Diagnostic& d : list_) {
    const auto& all = same.at({d.severity, d.message});
    const bool folds = all.size() >= kOften || (d.foreign && all.size() > 1);
    if (folds && all.front() != &d) continue;
    out.push_back(d);
    if (!folds) continue;
    Diagnostic& folded = out.back();
    folded.times = all.size();
    folded.message += " (" + std::to_string(all.size()) + " times; also at ";
    for (std::size_t i = 1; i < std::min(all.size(), kMostPlaces); ++i)
      folded.message += (i > 1 ? ", " : "") + all[i]->range.start.to_string();
    folded.message += all.size() > kMostPlaces ? ", …)" : ")";
  }
  list_ = std::move(out);
}

std::size_t Diagnostics::count(Severity severity) const {
  std::size_t sum = 0;
  for (const Diagnostic& d : list_)
    if (d.severity == severity) sum += d.times;
  return sum;
}

std::size_t Diagnostics::count_foreign() const {
  std::size_t sum = 0;
  for (const Diagnostic& d : list_)
    if (d.foreign) sum += d.times;
  return sum;
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
