#include "labels/labels.h"

#include <xxhash.h>

#include <algorithm>

#include "base/strings.h"

namespace invar {
namespace {

bool name_less(const Label& label, std::string_view name) {
  return std::string_view(label.name) < name;
}

bool plain_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Labels::Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  std::vector<Label> labels;
  labels.reserve(pairs.size());
  for (const auto& [name, value] : pairs) labels.push_back({std::string(name), std::string(value)});
  *this = from(std::move(labels));
}

Labels Labels::from(std::vector<Label> labels) {
  std::ranges::stable_sort(labels, {}, &Label::name);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool repeated = i + 1 < labels.size() && labels[i + 1].name == labels[i].name;
    if (repeated || labels[i].value.empty()) continue;
    if (kept != i) labels[kept] = std::move(labels[i]);
    ++kept;
  }
  labels.resize(kept);
  Labels result;
  if (!labels.empty()) result.labels_ = std::make_shared<const std::vector<Label>>(std::move(labels));
  return result;
}

std::string_view Labels::get(std::string_view name) const {
  const Label* found = std::lower_bound(begin(), end(), name, name_less);
  return found != end() && found->name == name ? std::string_view(found->value) : std::string_view();
}

bool Labels::has(std::string_view name) const {
  return !get(name).empty();
}

std::uint64_t Labels::stable_hash() const {
  // One contiguous buffer: the one-shot function is several times faster than streaming for label-sized
  // input.
  constexpr char kSeparator = '\xff';
  std::string buffer;
  std::size_t bytes = 0;
  for (const Label& label : *this) bytes += label.name.size() + label.value.size() + 2;
  buffer.reserve(bytes);
  for (const Label& label : *this) {
    buffer += label.name;
    buffer += kSeparator;
    buffer += label.value;
    buffer += kSeparator;
  }
  return XXH64(buffer.data(), buffer.size(), 0);
}

std::string Labels::to_string() const {
  std::string out = "{";
  for (const Label& label : *this) {
    if (out.size() > 1) out += ", ";
    out += plain_name(label.name) ? label.name : quote(label.name);
    out += '=';
    out += quote(label.value);
  }
  out += '}';
  return out;
}

bool Labels::operator==(const Labels& other) const {
  return labels_ == other.labels_ || std::equal(begin(), end(), other.begin(), other.end());
}

LabelsBuilder::LabelsBuilder(const Labels& base) : labels_(base.begin(), base.end()) {}

LabelsBuilder::LabelsBuilder(std::vector<Label> sorted) : labels_(std::move(sorted)) {
  std::erase_if(labels_, [](const Label& label) { return label.value.empty(); });
}

LabelsBuilder& LabelsBuilder::set(std::string_view name, std::string_view value) {
  if (value.empty()) return erase(name);
  const auto at = std::lower_bound(labels_.begin(), labels_.end(), name, name_less);
  if (at != labels_.end() && at->name == name) {
    // Through a temporary: `value` may be a view into the label that is replaced.
    at->value = std::string(value);
  } else {
    labels_.insert(at, Label{std::string(name), std::string(value)});
  }
  return *this;
}

LabelsBuilder& LabelsBuilder::erase(std::string_view name) {
  const auto at = std::lower_bound(labels_.begin(), labels_.end(), name, name_less);
  if (at != labels_.end() && at->name == name) labels_.erase(at);
  return *this;
}

std::string_view LabelsBuilder::get(std::string_view name) const {
  const auto at = std::lower_bound(labels_.begin(), labels_.end(), name, name_less);
  return at != labels_.end() && at->name == name ? std::string_view(at->value) : std::string_view();
}

Labels LabelsBuilder::build() const {
  Labels result;
  if (!labels_.empty()) result.labels_ = std::make_shared<const std::vector<Label>>(labels_);
  return result;
}

}  // namespace invar
