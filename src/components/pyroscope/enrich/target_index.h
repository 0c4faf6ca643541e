// TargetIndex: the labels that a profile gets, found by the value of its match label. Pure; immutable once built.
// Of several targets with one value the one whose labels sort first wins, whatever their order: discovery has none.
// Source: pyroscope-receive-http-relabel-enrich.md C.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "components/pyroscope/enrich/arguments.h"
#include "labels/labels.h"

namespace invar::components::pyroscope_enrich {

class TargetIndex {
 public:
  TargetIndex() = default;
  explicit TargetIndex(const Arguments& arguments);

  // The labels with those of the matching target copied over them; null when there is none.
  [[nodiscard]] const std::vector<Label>* find(const Labels& labels) const;
  [[nodiscard]] std::size_t targets() const { return by_value_.size(); }
  [[nodiscard]] std::size_t duplicates() const { return duplicates_; }  // targets that lost to another

 private:
  std::string profile_label_;
  std::unordered_map<std::string, std::vector<Label>> by_value_;
  std::size_t duplicates_ = 0;
};

}  // namespace invar::components::pyroscope_enrich
