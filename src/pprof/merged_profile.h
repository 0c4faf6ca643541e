// MergedProfile: many profiles as one, every string, function, mapping, location, label set and stack once.
// Merger (merge.h) fills it. It may keep several sides apart (before and after), each with its own values.
// Identity: as google/pprof merges. A mapping is its size in pages, offset and build id (else file); a location
//          its distance from the mapping's start, its lines and the folded flag; a stack its locations and
//          labels. Samples whose values are all 0 do not count.
// Order:   what came first is written first; `order` numbers say what that was, so that parts merged on
//          different threads give the same bytes in the end.
// Threads: one owner.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "pprof/hash_index.h"
#include "pprof/profile.h"

namespace invar::pprof {

using MergedId = std::uint32_t;  // a position in one of the tables

// Values wrap on overflow, as Go's do.
inline std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapping_subtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

struct MergedFunction {
  MergedId name = 0, system_name = 0, file = 0;
  std::int64_t start_line = 0;
  bool operator==(const MergedFunction&) const = default;
};
struct MergedLine {
  MergedId function = 0;
  std::int64_t line = 0, column = 0;
  bool operator==(const MergedLine&) const = default;
};
struct MergedMapping {
  std::uint64_t start = 0, limit = 0, offset = 0;
  MergedId file = 0, build_id = 0;
  std::uint8_t flags = 0;  // has_functions and the three behind it, from bit 0
  std::uint64_t order = kNotSeen;
  static constexpr std::uint64_t kNotSeen = ~std::uint64_t{0};  // only in profiles that were refused
};
struct MergedLocation {
  std::uint64_t offset = 0;  // address minus the mapping's start
  MergedId mapping = HashIndex::kNone;
  MergedId first_line = 0;
  std::uint32_t lines = 0;
  bool is_folded = false;
};
struct MergedLabel {
  MergedId key = 0, str = 0, num_unit = 0;
  std::int64_t num = 0;
  bool operator==(const MergedLabel&) const = default;
};
struct MergedStack {
  std::uint64_t first = 0;  // of its locations, leaf first
  std::uint32_t locations = 0;
  MergedId labels = 0;
  std::uint64_t order = 0;
};

// What is not in the samples.
struct MergedHeader {
  std::vector<SampleType> sample_types;
  SampleType period_type;
  std::int64_t period = 0;       // the largest
  UnixNanos time_unix_ns = 0;    // the earliest
  std::int64_t duration_ns = 0;  // the sum
  std::vector<std::string> comments;
  std::string default_sample_type, drop_frames, keep_frames, doc_url;  // of the first
};

class MergedProfile {
 public:
  explicit MergedProfile(std::uint32_t sides = 1) : sides_(sides) {}

  // Nothing was added yet when false; then there are no sample types either.
  [[nodiscard]] bool started() const { return !header_.sample_types.empty(); }
  [[nodiscard]] const MergedHeader& header() const { return header_; }
  [[nodiscard]] std::uint32_t sides() const { return sides_; }
  [[nodiscard]] std::uint32_t types() const {
    return static_cast<std::uint32_t>(header_.sample_types.size());
  }

  [[nodiscard]] std::string_view string(MergedId id) const {
    return {text_.data() + strings_[id].first, strings_[id].second};
  }
  [[nodiscard]] std::span<const MergedFunction> functions() const { return functions_; }
  [[nodiscard]] std::span<const MergedMapping> mappings() const { return mappings_; }
  [[nodiscard]] std::span<const MergedLocation> locations() const { return locations_; }
  [[nodiscard]] std::span<const MergedStack> stacks() const { return stacks_; }
  [[nodiscard]] std::span<const MergedId> locations_of(const MergedStack& stack) const {
    return {frames_.data() + stack.first, stack.locations};
  }
  [[nodiscard]] std::span<const MergedLine> lines_of(const MergedLocation& location) const {
    return {lines_.data() + location.first_line, location.lines};  // innermost first
  }
  [[nodiscard]] std::span<const MergedLabel> labels_of(const MergedStack& stack) const;
  // sides * types numbers: all of side 0, then all of side 1.
  [[nodiscard]] std::span<const std::int64_t> values(std::size_t stack) const {
    return {values_.data() + stack * width(), width()};
  }
  // Of one row of values: the only side, or the second minus the first.
  [[nodiscard]] std::int64_t net(std::span<const std::int64_t> row, std::uint32_t type) const {
    return sides_ == 1 ? row[type] : wrapping_subtract(row[types() + type], row[type]);
  }
  [[nodiscard]] std::uint64_t address_of(const MergedLocation& location) const;
  [[nodiscard]] std::int64_t total(std::uint32_t side, std::uint32_t type) const;

  // Adds what another one holds, of the same sample types.
  Result<> absorb(const MergedProfile& other);
  // Multiplies the values of one side, so that each type's total equals that of the other side.
  void normalize(std::uint32_t side, std::uint32_t to_side);
  // As an uncompressed profile. With two sides: the second minus the first.
  [[nodiscard]] std::string serialize() const;

 private:
  friend class Merger;
  friend class MergedWriter;

  [[nodiscard]] std::size_t width() const { return std::size_t{sides_} * types(); }
  Result<> join_header(const MergedHeader& header, std::uint64_t order);
  MergedId intern_string(std::string_view text);
  MergedId intern_function(const MergedFunction& function);
  MergedId intern_mapping(const MergedMapping& mapping);
  void see_mapping(MergedId id, const MergedMapping& mapping);
  MergedId intern_location(const MergedLocation& location, std::span<const MergedLine> lines);
  MergedId intern_labels(std::span<const MergedLabel> labels);
  static std::uint64_t stack_hash(std::span<const MergedId> locations, MergedId labels);
  void add_value(std::size_t at, std::int64_t value) { values_[at] = wrapping_add(values_[at], value); }
  MergedId intern_stack(std::uint64_t hash, std::span<const MergedId> locations, MergedId labels,
                        std::uint64_t order);

  std::uint32_t sides_;
  MergedHeader header_;
  std::uint64_t header_order_ = 0;

  std::string text_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> strings_;
  std::vector<MergedFunction> functions_;
  std::vector<MergedMapping> mappings_;
  std::vector<MergedLocation> locations_;
  std::vector<MergedLine> lines_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> label_sets_;  // first and count in labels_
  std::vector<MergedLabel> labels_;
  std::vector<MergedStack> stacks_;
  std::vector<MergedId> frames_;
  std::vector<std::int64_t> values_;
  HashIndex string_index_, function_index_, mapping_index_, location_index_, label_index_, stack_index_;
};

}  // namespace invar::pprof
