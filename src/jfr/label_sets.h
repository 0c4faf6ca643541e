// LabelSets: the sample labels of a recording, each set once: those of a context of the SDK, its span, the thread, and a span's tag.
// Set 0 has no labels.   Threads: one owner.   Source: pyroscope-java.md 8.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "jfr/labels_snapshot.h"
#include "pprof/hash_index.h"
#include "pprof/profile.h"

namespace invar::jfr {

class LabelSets {
 public:
  struct Origin {
    std::uint64_t context = 0, span = 0, span_name = 0;
    std::uint32_t thread = 0, tag = 0;  // of name(); 0: none
    bool operator==(const Origin&) const = default;
  };

  static constexpr std::uint32_t kFull = 0xffffffff;
  // `snapshot` null: contexts and spans are not looked at.
  explicit LabelSets(const LabelsSnapshot* snapshot) : snapshot_(snapshot) {}

  // A number for a thread's or a span's name; 0 for none, and for one too many.
  std::uint32_t name(const std::string& name);
  std::uint32_t set(Origin origin);  // kFull: there are too many
  [[nodiscard]] std::vector<pprof::SampleLabel> labels(std::uint32_t set) const;

 private:
  const LabelsSnapshot* snapshot_;
  std::vector<std::string> names_ = {""};
  std::unordered_map<std::string, std::uint32_t> name_index_;
  std::vector<Origin> sets_ = {Origin()};
  pprof::HashIndex index_;
};

}  // namespace invar::jfr
