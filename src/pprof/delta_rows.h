// DeltaRows: the rows of one profile, each identity once, matched with the rows of the state before it, and
// subtracted. Duplicates are summed into their first row. Matching follows two cursors through the old order
// (next expected row, row after the last jump), since Go writes stacks in much the same order each time; the
// hash table is built at the first miss and lives in scratch, so it costs no memory at rest. When more than a
// quarter misses (mutex and block profiles are sorted by delay), only the table is used, with prefetch.
// Threads: one owner.  Lifetime: results hold until the next read().
#pragma once

#include <cstdint>
#include <memory>

#include "pprof/delta_state.h"
#include "pprof/location_keys.h"
#include "pprof/profile_index.h"
#include "pprof/sample_kernel.h"

namespace invar::pprof {

struct DeltaColumns {
  std::uint32_t count = 0;
  std::uint32_t at[DeltaState::kMaxColumns] = {};  // positions among the profile's columns
  std::uint64_t hash = 0;
};

class DeltaRows {
 public:
  // Mixed into table positions only: a target cannot prepare stacks that meet in one place.
  explicit DeltaRows(std::uint64_t random) : table_multiplier_(random | 1) {}

  // Reads all samples and matches them with `old` (may be null), which outlives subtract(). False: a sample
  // is invalid.
  bool read(const ProfileIndex& index, LocationKeys& keys, const SampleKernel& kernel, const DeltaState* old);

  // How the rows just read stand to the old state.
  Fit compare(const DeltaColumns& columns) const;

  // What becomes of a counter that is lower than before.
  enum class Falls {
    kReported,   // `fell` is set: rows and state are of no use
    kTolerated,  // it did nothing, and the state keeps its old value: it counts again once it rises above
    kFollowed,   // the same, but by more than an eighth it goes on from where it stands
  };
  // Turns values into differences and packs the next state. Current values below zero, which are noise of sampling,
  // become 0.
  std::shared_ptr<DeltaState> subtract(const DeltaColumns& columns, std::int64_t time_ns, Falls falls,
                                       bool& fell);

  std::uint32_t count() const { return count_; }
  std::uint64_t references() const { return references_; }
  const std::int64_t* values(std::uint32_t row) const { return values_.data() + std::size_t{row} * columns_; }
  const RowOrigin& origin(std::uint32_t row) const { return origins_[row]; }
  bool any_positive() const { return any_positive_; }
  std::uint32_t evicted() const { return evicted_; }  // rows of the old state that the next has not
  const Scratch<std::uint32_t>& emitted() const { return emitted_; }  // rows with a value other than zero

  std::size_t held_bytes() const;
  void release();

 private:
  static constexpr std::uint32_t kNoMatch = 0xffffffff;
  static constexpr std::uint32_t kBlock = 32;

  // What matching knows of a row of the old state, in one cache line: rows are found in any order.
  struct OldRow {
    std::uint64_t hash;       // with the table
    std::uint32_t values_at;  // where its values lie; with the table
    std::uint32_t match;      // 1 + row, 0: none yet
  };
  struct Match {
    std::uint32_t old_row;    // or kNoMatch
    std::uint32_t values_at;  // of the old row; with the table
  };

  void prefetch_table(std::uint32_t first, std::uint32_t rows) const;
  void prefetch_old_rows(std::uint32_t first, std::uint32_t rows) const;
  void match_block(std::uint32_t first, std::uint32_t rows);
  std::uint32_t match_by_table(std::uint64_t hash);
  void build_table();
  std::uint32_t slot(std::uint64_t hash) const {
    return static_cast<std::uint32_t>((hash * table_multiplier_) >> table_shift_);
  }
  void add_to(std::uint32_t row, std::uint32_t duplicate);
  std::uint32_t pack_tail(std::uint8_t*& packed);
  template <bool kTable, std::uint32_t kColumns, Falls kFalls>
  std::uint8_t* subtract_rows(const DeltaColumns& columns, bool& fell);

  const std::uint64_t table_multiplier_;

  // of the profile being read
  const DeltaState* old_ = nullptr;  // null also when it has no row
  std::uint32_t columns_ = 0, samples_ = 0, count_ = 0, evicted_ = 0;
  std::uint64_t references_ = 0;
  bool any_positive_ = false;
  Scratch<std::uint64_t> hashes_;
  Scratch<std::int64_t> values_;
  Scratch<RowOrigin> origins_;
  Scratch<Match> match_;  // by row
  Scratch<std::uint32_t> emitted_;
  Scratch<std::uint32_t> ids_;

  // matching
  std::uint32_t expected_ = 0, after_jump_ = 0, misses_ = 0;
  bool has_table_ = false, table_only_ = false;
  unsigned table_shift_ = 0;
  Scratch<std::uint32_t> table_;  // 0 free, else 1 + old row, or 1 + old rows + new row
  Scratch<OldRow> old_rows_;

  // the next state
  Scratch<std::uint8_t> sizes_, packed_, ages_;
  CachedLabel label_cache_[kCachedLabels];
};

}  // namespace invar::pprof
