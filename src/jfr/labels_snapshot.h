// LabelsSnapshot: the labels that a Java SDK gave to its contexts; it stands beside the recording in what is pushed to /ingest.
// Format:  protobuf. Context {map<int64, int64> labels = 1}; LabelsSnapshot {map<int64, Context> contexts = 1,
//          map<int64, string> strings = 2}; the labels of a context are keys of strings.
// Errors:  kInvalidArgument.   Threads: const use from any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"

namespace invar::jfr {

class LabelsSnapshot {
 public:
  static Result<LabelsSnapshot> parse(std::string_view bytes);

  using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;
  [[nodiscard]] Pairs labels(std::uint64_t context) const;  // by key; empty for an unknown context
  [[nodiscard]] bool has_context(std::uint64_t context) const { return contexts_.contains(context); }
  [[nodiscard]] std::string_view string(std::uint64_t key) const;  // empty when unknown

 private:
  std::unordered_map<std::uint64_t, std::vector<std::pair<std::uint64_t, std::uint64_t>>> contexts_;
  std::unordered_map<std::uint64_t, std::string> strings_;
};

}  // namespace invar::jfr
