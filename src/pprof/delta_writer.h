// DeltaWriter: the difference as a profile. Samples with their new values first; every other byte of a record
// is the input's own, so unknown fields, labels and locations stay as they were.
// Ids:     and string indexes are kept; strings that are not used become empty (pyroscope-scrape.md 13).
// Pruning: when few rows are left, locations, functions and strings that none of them uses are dropped; when
//          most are left that costs more than it saves, and all records are copied in runs.
// Threads: one owner.  Lifetime: the output holds until the next write().
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "pprof/delta_rows.h"
#include "pprof/profile_index.h"

namespace invar::pprof {

class DeltaWriter {
 public:
  enum class Pruning { kWhereItPays, kAlways, kNever };

  // `duration_ns` replaces the profile's own duration. The index and its samples were found valid.
  std::string_view write(const ProfileIndex& index, const DeltaRows& rows,
                         std::optional<std::int64_t> duration_ns, Pruning pruning);

  std::size_t held_bytes() const;
  void release();

 private:
  void write_samples_raw();
  void write_samples_marking();
  void write_sample_in_pieces(std::uint32_t row);
  void put_values(std::uint32_t row, std::uint32_t value_bytes);
  std::uint32_t value_bytes(std::uint32_t row) const;
  void mark_sample(Span sample);
  void copy_all_but_samples(bool without_durations);
  void copy_used(bool without_durations);
  void copy(const std::uint8_t* from, std::size_t size);
  void put_record(std::uint8_t tag, Span body);

  const ProfileIndex* index_ = nullptr;
  const DeltaRows* rows_ = nullptr;
  std::uint8_t* at_ = nullptr;
  Scratch<std::uint8_t> out_;
  Scratch<std::uint8_t> used_locations_, used_functions_, used_strings_;
};

}  // namespace invar::pprof
