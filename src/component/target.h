// Target: one thing to profile, a map of labels; the value that discovery exports and scrape takes. discovery.md 1.
// In the language it is a capsule ("discovery.Target") convertible both ways with an object of strings; two targets are equal iff
// their labels are. Empty label values are kept here (they vanish when Labels are made). Threads: any; a value, cheap to copy.
// Immutable and shared: a copy, also through the language, is the same object, and comparing it with itself costs nothing. The targets
// of a group share the group's labels (target_labels.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "component/target_labels.h"
#include "labels/labels.h"
#include "syntax/decode.h"

namespace invar::component {

class Target {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;
  Target() = default;
  explicit Target(const Map& labels);
  // The labels of `group` (null: none), and `own` over them.
  Target(std::shared_ptr<const TargetLabels> group, TargetLabels own);

  [[nodiscard]] MergedLabels labels() const;  // of a target that lives as long
  [[nodiscard]] Map to_map() const;
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] Labels to_labels() const;
  [[nodiscard]] std::string to_string() const;      // {"a"="b", "c"="d"}
  [[nodiscard]] std::uint64_t fingerprint() const;  // of the labels; equal targets have the same
  // Targets of one object are equal: what compares many asks this first.
  [[nodiscard]] const void* object() const { return data_.get(); }
  bool operator==(const Target& other) const;

 private:
  friend struct syntax::Codec<Target>;
  class Data;
  explicit Target(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

  std::shared_ptr<const Data> data_;
};
using Targets = std::vector<Target>;

// For `targets` of pyroscope.scrape: a list in which one level of nested lists is flattened (decision 5).
struct FlattenedTargets {
  Targets targets;
  bool operator==(const FlattenedTargets&) const = default;
};

}  // namespace invar::component

namespace invar::syntax {
template <>
struct Codec<component::Target> {
  static std::string type_text() { return "map(string)"; }
  static StaticType static_type();
  static std::expected<component::Target, DecodeError> decode(const Value& v);
  static Value encode(const component::Target& v);
};
template <>
struct Codec<component::FlattenedTargets> {
  static std::string type_text() { return "list(map(string))"; }
  static StaticType static_type();
  static std::expected<component::FlattenedTargets, DecodeError> decode(const Value& v);
  static Value encode(const component::FlattenedTargets& v);
};
}  // namespace invar::syntax
