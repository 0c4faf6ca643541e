#include "jfr/label_sets.h"

#include <fmt/format.h>

#include "jfr/limits.h"

namespace invar::jfr {

std::uint32_t LabelSets::name(const std::string& name) {
  if (name.empty()) return 0;
  if (names_.size() == kMaxNames) {
    const auto known = name_index_.find(name);
    return known == name_index_.end() ? 0 : known->second;
  }
  const auto [at, made] = name_index_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (made) names_.push_back(name);
  return at->second;
}

std::uint32_t LabelSets::set(Origin origin) {
  if (snapshot_ == nullptr) {
    origin.context = origin.span = origin.span_name = 0;
  } else if (!snapshot_->has_context(origin.context)) {
    origin.context = 0;
  }
  if (origin == Origin()) return 0;
  if (sets_.size() == kMaxLabelSets) return kFull;
  std::uint64_t hash = std::uint64_t{origin.tag} << 32 | origin.thread;
  for (const std::uint64_t part : {origin.context, origin.span, origin.span_name}) {
    hash = (hash ^ part) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 31;
  }
  return index_.find_or_add(
      hash * 0x9e3779b97f4a7c15, [&](std::uint32_t at) { return sets_[at] == origin; },
      [&] {
        sets_.push_back(origin);
        return static_cast<std::uint32_t>(sets_.size() - 1);
      });
}

std::vector<pprof::SampleLabel> LabelSets::labels(std::uint32_t set) const {
  const Origin& origin = sets_[set];
  std::vector<pprof::SampleLabel> labels;
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty())
      labels.push_back({.key = std::string(key), .str = std::string(value), .num_unit = {}});
  };
  if (snapshot_ != nullptr) {
    for (const auto& [key, value] : snapshot_->labels(origin.context)) add(key, value);
    if (origin.span != 0) add("profile_id", fmt::format("{:016x}", origin.span));
    add("span_name", origin.span_name == 0 ? "" : snapshot_->string(origin.span_name));
  }
  add("span_name", names_[origin.tag]);
  add("thread", names_[origin.thread]);
  return labels;
}

}  // namespace invar::jfr
