// Target: one thing to profile, a map of labels; the value that discovery exports and scrape takes. discovery.md 1.
// In the language it is a capsule ("discovery.Target") convertible both ways with an object of strings; two targets are equal iff
// their labels are. Empty label values are kept here (they vanish when Labels are made).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "labels/labels.h"
#include "syntax/decode.h"

namespace invar::component {

class Target {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;
  Target() = default;
  explicit Target(Map labels) : labels_(std::make_shared<const Map>(std::move(labels))) {}
  [[nodiscard]] const Map& labels() const;
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] Labels to_labels() const;
  [[nodiscard]] std::string to_string() const;  // {"a"="b", "c"="d"}
  bool operator==(const Target& other) const;

 private:
  std::shared_ptr<const Map> labels_;
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
