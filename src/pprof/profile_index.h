// ProfileIndex: one fast walk over a profile that finds its records and checks all of them except the
// samples, which sample_kernel.h reads. Same verdict as inspect(): a fuzz target compares them. A refusal
// here has no words; ask inspect().
// Shape:   records of the four frequent kinds are filed into lists without a branch on the kind, because Go
//          mixes locations, functions and samples and a switch would mispredict; then a tight loop per kind.
// Lifetime: refers to `raw`, behind which kPadding bytes are readable.   Threads: one owner.
#pragma once

#include <cstdint>

#include "pprof/id_table.h"
#include "pprof/profile.h"
#include "pprof/scratch.h"
#include "pprof/varint.h"

namespace invar::pprof {

struct LocationEntry {
  std::uint64_t address = 0, mapping_id = 0;
};
struct MappingEntry {
  std::uint64_t id = 0, start = 0, filename = 0, build_id = 0;
};
struct ValueTypeEntry {
  std::uint64_t type = 0, unit = 0;
};

class ProfileIndex {
 public:
  bool build(const std::uint8_t* raw, std::uint32_t size);

  const std::uint8_t* raw() const { return raw_; }
  std::uint32_t size() const { return size_; }
  std::uint32_t columns() const { return static_cast<std::uint32_t>(types_.size()); }

  // Bodies of the records, in their order.
  const Scratch<Span>& samples() const { return lists_[kSamples]; }
  const Scratch<Span>& locations() const { return lists_[kLocations]; }
  const Scratch<Span>& functions() const { return lists_[kFunctions]; }
  const Scratch<Span>& strings() const { return lists_[kStrings]; }
  std::uint32_t longest_sample() const { return longest_sample_; }

  const Scratch<LocationEntry>& location_entries() const { return location_entries_; }
  const Scratch<MappingEntry>& mappings() const { return mappings_; }
  const Scratch<ValueTypeEntry>& types() const { return types_; }
  const IdTable& location_ids() const { return location_ids_; }
  const IdTable& function_ids() const { return function_ids_; }
  const IdTable& mapping_ids() const { return mapping_ids_; }
  bool any_zero_address() const { return any_zero_address_; }

  // Whole records, with their tags: all other kinds, without the durations.
  const Scratch<Span>& others() const { return others_; }
  const Scratch<Span>& durations() const { return durations_; }
  const Scratch<std::uint64_t>& header_strings() const { return header_strings_; }  // used by `others`

  std::int64_t time_ns() const { return time_ns_; }
  std::int64_t duration_ns() const { return duration_ns_; }

  std::string_view string(std::uint64_t index) const {
    const Span span = strings()[index];
    return {reinterpret_cast<const char*>(raw_) + span.offset, span.size};
  }
  Summary summary() const;  // without samples and any_positive_value
  std::size_t held_bytes() const;
  void release();

 private:
  enum List { kSamples, kLocations, kFunctions, kStrings, kLists };
  void clear();
  bool file_records();
  const std::uint8_t* file_other(const std::uint8_t* start);  // null: invalid
  bool read_type(PaddedReader in, ValueTypeEntry& type);
  bool read_mapping(PaddedReader in);
  bool read_functions();
  bool read_locations();
  bool read_location(PaddedReader in, std::uint64_t& id, LocationEntry& entry) const;
  bool read_line(PaddedReader line) const;
  bool has_function(std::uint64_t id) const;
  bool check_header() const;

  const std::uint8_t* raw_ = nullptr;
  std::uint32_t size_ = 0, longest_sample_ = 0;
  bool any_zero_address_ = false;
  std::int64_t time_ns_ = 0, duration_ns_ = 0;
  Scratch<Span> lists_[kLists];
  Scratch<Span> others_, durations_;
  Scratch<LocationEntry> location_entries_;
  Scratch<MappingEntry> mappings_;
  Scratch<ValueTypeEntry> types_;
  Scratch<std::uint64_t> header_strings_;
  std::uint64_t period_types_ = 0, comments_ = 0;
  IdTable mapping_ids_, location_ids_, function_ids_;
};

}  // namespace invar::pprof
