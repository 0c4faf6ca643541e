// Labels: an immutable, sorted set of name/value pairs. A label with an empty value counts as absent and is never stored.
// Order:   bytewise by name. Copy is a reference count; equal content may live in several objects.
// Hash:    stable_hash() is xxHash64 (seed 0) over name 0xFF value 0xFF of each label in order; the same on every machine.
// Threads: any.
// Source:  pyroscope-scrape.md 8, relabel.md 2.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace invar {

struct Label {
  std::string name;
  std::string value;
  bool operator==(const Label&) const = default;
};

class Labels {
 public:
  Labels() = default;
  Labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs);
  // Any order; a repeated name: the last wins; empty values dropped.
  static Labels from(std::vector<Label> labels);

  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return labels_ ? labels_->size() : 0; }
  [[nodiscard]] std::string_view get(std::string_view name) const;  // "" when absent
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] const Label* begin() const { return labels_ ? labels_->data() : nullptr; }
  [[nodiscard]] const Label* end() const { return begin() + size(); }

  [[nodiscard]] std::uint64_t stable_hash() const;
  [[nodiscard]] std::string to_string() const;  // {a="b", c="d"}: values quoted as Go does
  bool operator==(const Labels& other) const;

 private:
  friend class LabelsBuilder;
  std::shared_ptr<const std::vector<Label>> labels_;
};

// Edits a label set. set(name, "") deletes. build() leaves the builder usable, take() does not.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base);
  explicit LabelsBuilder(std::vector<Label> sorted);  // by name, each once; empty values are dropped

  LabelsBuilder& set(std::string_view name, std::string_view value);
  LabelsBuilder& erase(std::string_view name);
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] const std::vector<Label>& sorted() const { return labels_; }
  [[nodiscard]] Labels build() const;
  [[nodiscard]] std::vector<Label> take() && { return std::move(labels_); }

 private:
  std::vector<Label> labels_;  // always sorted by name
};

inline constexpr std::string_view kMetricName = "__name__";
inline constexpr std::string_view kServiceName = "service_name";
inline constexpr std::string_view kDelta = "__delta__";

}  // namespace invar
