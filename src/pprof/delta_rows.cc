#include "pprof/delta_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace invar::pprof {
namespace {

constexpr std::uint32_t kRowsBeforeTableOnly = 256;

[[gnu::always_inline]] inline std::uint64_t low_bytes(std::uint32_t count) {  // mask of 1..8 bytes, 0 for 0
  return count >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * count)) - 1;
}

[[gnu::always_inline]] inline std::uint32_t byte_size(std::uint64_t value) {  // 1..8
  return (71 - static_cast<std::uint32_t>(std::countl_zero(value | 1))) >> 3;
}

[[gnu::always_inline]] inline std::uint32_t nibble(const std::uint8_t* sizes, std::uint32_t column) {
  return sizes[column / 2] >> (column % 2 * 4) & 15u;
}

}  // namespace

bool DeltaRows::read(const ProfileIndex& index, LocationKeys& keys, const SampleKernel& kernel,
                     const DeltaState* old) {
  old_ = old != nullptr && old->rows() > 0 ? old : nullptr;
  columns_ = index.columns();
  samples_ = static_cast<std::uint32_t>(index.samples().size());
  count_ = expected_ = after_jump_ = misses_ = 0;
  has_table_ = table_only_ = false;
  const std::uint32_t old_rows = old_ != nullptr ? old_->rows() : 0;
  hashes_.reserve(samples_ + 1);
  values_.reserve(std::size_t{samples_} * columns_ + 4);
  origins_.reserve(samples_ + 1);
  match_.reserve(samples_ + 1);
  old_rows_.fill_zero(old_rows + 1);  // one more, without a match, stops the cursor
  ids_.reserve(index.longest_sample() + 64);
  std::fill(std::begin(label_cache_), std::end(label_cache_), CachedLabel{});

  SampleSource source{.raw = index.raw(),
                      .samples = index.samples().data(),
                      .columns = columns_,
                      .location_ids = &index.location_ids(),
                      .keys = keys.keys(),
                      .labels = &keys,
                      .short_ids = index.location_ids().in_order() && index.location_ids().size() < 1u << 14,
                      .ids = ids_.data(),
                      .label_cache = label_cache_};
  // Samples are read a block at a time into rows of their own number, and matched two blocks later: by then what the table
  // search will touch has been fetched. Matching moves rows down over the gaps that duplicates leave.
  const std::uint32_t blocks = (samples_ + kBlock - 1) / kBlock;
  const auto rows_in = [&](std::uint32_t block) { return std::min(kBlock, samples_ - block * kBlock); };
  for (std::uint32_t step = 0; step < blocks + 2; ++step) {
    if (step < blocks) {
      const std::size_t first = std::size_t{step} * kBlock;
      const RowSink rows{hashes_.data() + first, values_.data() + first * columns_, origins_.data() + first};
      if (!kernel.read(source, static_cast<std::uint32_t>(first), rows_in(step), rows)) return false;
      if (table_only_) prefetch_table(step * kBlock, rows_in(step));
    }
    if (table_only_ && step >= 1 && step - 1 < blocks)
      prefetch_old_rows((step - 1) * kBlock, rows_in(step - 1));
    if (step >= 2) match_block((step - 2) * kBlock, rows_in(step - 2));
  }
  references_ = source.references;
  return true;
}

void DeltaRows::prefetch_table(std::uint32_t first, std::uint32_t rows) const {
  for (std::uint32_t row = first; row < first + rows; ++row) __builtin_prefetch(&table_[slot(hashes_[row])]);
}

void DeltaRows::prefetch_old_rows(std::uint32_t first, std::uint32_t rows) const {
  const std::uint32_t old_rows = old_ != nullptr ? old_->rows() : 0;
  for (std::uint32_t row = first; row < first + rows; ++row) {
    const std::uint32_t entry = table_[slot(hashes_[row])] - 1;
    if (entry < old_rows) __builtin_prefetch(&old_rows_[entry]);
  }
}

void DeltaRows::match_block(std::uint32_t first, std::uint32_t rows) {
  const std::uint32_t old_rows = old_ != nullptr ? old_->rows() : 0;
  const std::uint64_t* const old_hashes = old_ != nullptr ? old_->hashes() : nullptr;
  if (count_ >= kRowsBeforeTableOnly && misses_ > count_ / 4) table_only_ = true;
  for (std::uint32_t row = first; row < first + rows; ++row) {
    const std::uint64_t hash = hashes_[row];
    std::uint32_t match = kNoMatch;
    if (!table_only_ && expected_ < old_rows && old_hashes[expected_] == hash) {
      match = expected_++;
      while (old_rows_[expected_].match != 0) ++expected_;
    } else if (!table_only_ && after_jump_ < old_rows && old_hashes[after_jump_] == hash &&
               old_rows_[after_jump_].match == 0) {
      match = after_jump_++;
    } else {
      misses_ += !table_only_;
      match = match_by_table(hash);
      if (match != kNoMatch) {
        const std::uint32_t twin = match < old_rows ? old_rows_[match].match : match - old_rows + 1;
        if (twin != 0) {
          add_to(twin - 1, row);
          continue;
        }
        after_jump_ = match + 1;
      }
    }
    std::uint32_t values_at = 0;
    if (match != kNoMatch) {
      old_rows_[match].match = count_ + 1;
      values_at = old_rows_[match].values_at;
    }
    if (count_ != row) [[unlikely]] {  // close the gap that a duplicate has left
      hashes_[count_] = hash;
      origins_[count_] = origins_[row];
      std::copy_n(values(row), columns_, values_.data() + std::size_t{count_} * columns_);
    }
    match_[count_++] = {match, values_at};
  }
}

// The old row or, plus the number of old rows, the earlier row of the same identity. A new identity is
// entered.
std::uint32_t DeltaRows::match_by_table(std::uint64_t hash) {
  if (!has_table_) [[unlikely]]
    build_table();
  const std::uint32_t old_rows = old_ != nullptr ? old_->rows() : 0;
  const auto mask = static_cast<std::uint32_t>(table_.size() - 1);
  for (std::uint32_t at = slot(hash);; at = (at + 1) & mask) {
    const std::uint32_t entry = table_[at] - 1;
    if (entry == kNoMatch) {
      table_[at] = old_rows + count_ + 1;
      return kNoMatch;
    }
    if ((entry < old_rows ? old_rows_[entry].hash : hashes_[entry - old_rows]) == hash) return entry;
  }
}

void DeltaRows::build_table() {
  has_table_ = true;
  const std::uint32_t old_rows = old_ != nullptr ? old_->rows() : 0;
  const std::uint64_t size = std::bit_ceil(2 * (std::uint64_t{old_rows} + samples_) + 8);
  table_shift_ = 64 - static_cast<unsigned>(std::countr_zero(size));
  table_.fill_zero(size);
  const auto mask = static_cast<std::uint32_t>(size - 1);
  const auto enter = [&](std::uint64_t hash, std::uint32_t entry) {
    std::uint32_t at = slot(hash);
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = entry + 1;
  };
  std::uint32_t at = 0;
  for (std::uint32_t row = 0; row < old_rows; ++row) {
    const std::uint64_t hash = old_->hashes()[row];
    enter(hash, row);
    old_rows_[row].hash = hash;
    old_rows_[row].values_at = at;
    at += row_value_bytes(old_->sizes() + std::size_t{row} * old_->stride(), old_->stride());
  }
  // Rows read before the first miss were all in the old state.
  for (std::uint32_t row = 0; row < count_; ++row)
    match_[row].values_at = old_rows_[match_[row].old_row].values_at;
}

void DeltaRows::add_to(std::uint32_t row, std::uint32_t duplicate) {
  std::int64_t* const sum = values_.data() + std::size_t{row} * columns_;
  const std::int64_t* const more = values(duplicate);
  for (std::uint32_t i = 0; i < columns_; ++i) {
    sum[i] =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(sum[i]) + static_cast<std::uint64_t>(more[i]));
  }
}

// kColumns 0 stands for any number. Values of the state are read and written 8 bytes at a time and cut by
// their sizes.
template <bool kTable, std::uint32_t kColumns, DeltaRows::Falls kFalls>
std::uint8_t* DeltaRows::subtract_rows(const DeltaColumns& columns, bool& fell) {
  const std::uint32_t deltas = kColumns != 0 ? kColumns : columns.count;
  const std::uint32_t stride = (deltas + 1) / 2;
  const std::uint32_t old_rows = old_ != nullptr ? old_->rows() : 0;
  const std::uint8_t* const old_sizes = old_ != nullptr ? old_->sizes() : nullptr;
  const std::uint8_t* const old_values = old_ != nullptr ? old_->values() : nullptr;
  std::uint8_t* packed = packed_.data();
  std::uint8_t* sizes = sizes_.data();
  std::uint32_t next_at = 0, emitted = 0;
  std::int64_t any_fell = 0, positive = 0;
  for (std::uint32_t row = 0; row < count_; ++row, sizes += stride) {
    std::int64_t* const values = values_.data() + std::size_t{row} * columns_;
    const auto [match, values_at] = match_[row];
    if constexpr (kTable) {
      if (row + 12 < count_) __builtin_prefetch(old_values + match_[row + 12].values_at);
    }
    const bool known = match < old_rows;
    const std::uint8_t* at = nullptr;
    const std::uint8_t* at_sizes = nullptr;
    if (known) {
      at = old_values + (kTable ? values_at : next_at);
      at_sizes = old_sizes + std::size_t{match} * stride;
    }
#pragma GCC unroll 2
    for (std::uint32_t column = 0; column < deltas; ++column) {
      std::int64_t& value = values[columns.at[column]];
      if constexpr (kFalls != Falls::kReported) {
        if (known) {
          const auto before = static_cast<std::int64_t>(load64(at) & low_bytes(nibble(at_sizes, column)));
          const bool follow = kFalls == Falls::kFollowed && value < before - before / 8;
          if (!follow) value = std::max(value, before);
        }
      }
      const auto now = static_cast<std::uint64_t>(value);
      const std::uint32_t size = byte_size(now);
      store64(packed, now);
      packed += size;
      if (column % 2 == 0) {
        sizes[column / 2] = static_cast<std::uint8_t>(size);
      } else {
        sizes[column / 2] = static_cast<std::uint8_t>(sizes[column / 2] | size << 4);
      }
      if (known) {
        const std::uint32_t old_size = nibble(at_sizes, column);
        const std::uint64_t before = load64(at) & low_bytes(old_size);
        at += old_size;
        any_fell |= value < static_cast<std::int64_t>(before);
        value = static_cast<std::int64_t>(now - before);
      }
    }
    if constexpr (!kTable) {
      if (known) next_at = static_cast<std::uint32_t>(at - old_values);
    }
    std::int64_t any = 0;
    for (std::uint32_t column = 0; column < columns_; ++column) {
      any |= values[column];
    }
    if (any < 0) [[unlikely]] {
      any = 0;
      for (std::uint32_t column = 0; column < columns_; ++column)
        any |= values[column] = std::max<std::int64_t>(values[column], 0);
    }
    emitted_[emitted] = row;
    emitted += any != 0;
    positive |= any;
  }
  emitted_.set_size(emitted);
  any_positive_ = positive != 0;
  fell = any_fell != 0;
  return packed;
}

// Stacks that this profile does not contain keep their values until they are too old. Returns how many.
std::uint32_t DeltaRows::pack_tail(std::uint8_t*& packed) {
  const DeltaState& old = *old_;
  const std::uint32_t stride = old.stride(), old_rows = old.rows();
  std::uint32_t kept = 0, at = 0;
  ages_.clear();
  for (std::uint32_t row = 0; row < old_rows; ++row) {
    const std::uint8_t* const sizes = old.sizes() + std::size_t{row} * stride;
    const std::uint32_t bytes = row_value_bytes(sizes, stride);
    const std::uint8_t age = row < old.first_of_tail() ? 0 : old.ages()[row - old.first_of_tail()];
    if (old_rows_[row].match == 0 && age < DeltaState::kMaxAge) {
      const std::uint32_t to = count_ + kept++;
      hashes_[to] = old.hashes()[row];
      std::memcpy(sizes_.data() + std::size_t{to} * stride, sizes, stride);
      std::memcpy(packed, old.values() + at, bytes);
      packed += bytes;
      ages_.push(static_cast<std::uint8_t>(age + 1));
    }
    at += bytes;
  }
  return kept;
}

Fit DeltaRows::compare(const DeltaColumns& columns) const {
  Fit fit;
  fit.columns.resize(columns.count);
  for (std::uint32_t column = 0; column < columns.count; ++column) {
    ColumnFit& of = fit.columns[column];
    for (std::uint32_t row = 0; row < count_; ++row)
      of.now += static_cast<double>(values(row)[columns.at[column]]);
    of.distance = of.now;  // as if nothing were known
  }
  const std::uint32_t old_rows = old_ != nullptr ? old_->rows() : 0;
  const std::uint8_t* at = old_ != nullptr ? old_->values() : nullptr;
  for (std::uint32_t old_row = 0; old_row < old_rows; ++old_row) {
    const std::uint8_t* const sizes = old_->sizes() + std::size_t{old_row} * old_->stride();
    const std::uint32_t match = old_rows_[old_row].match;
    bool fell = false;
    for (std::uint32_t column = 0; column < columns.count; ++column) {
      const std::uint32_t size = nibble(sizes, column);
      const auto before = static_cast<double>(static_cast<std::int64_t>(load64(at) & low_bytes(size)));
      at += size;
      ColumnFit& of = fit.columns[column];
      of.before += before;
      if (match == 0) continue;
      const auto now = static_cast<double>(values(match - 1)[columns.at[column]]);
      of.common += before;
      of.distance += std::abs(now - before) - now;
      if (now >= before) continue;
      of.fell += before;
      of.lost += before - now;
      fell = true;
    }
    fit.common_stacks += match != 0;
    fit.fallen_stacks += fell;
  }
  return fit;
}

std::shared_ptr<DeltaState> DeltaRows::subtract(const DeltaColumns& columns, std::int64_t time_ns,
                                                Falls falls, bool& fell) {
  const std::uint32_t old_rows = old_ != nullptr ? old_->rows() : 0;
  std::uint32_t unseen = 0;
  for (std::uint32_t row = 0; row < old_rows; ++row) unseen += old_rows_[row].match == 0;
  const std::size_t most = std::size_t{count_} + unseen;
  emitted_.reserve(count_ + 1);
  hashes_.reserve(most + 1);
  sizes_.reserve(most * ((columns.count + 1) / 2) + 8);
  packed_.reserve(8 * most * columns.count + 16);

  const auto with = [&]<Falls kFalls, std::uint32_t kColumns>() {
    return has_table_ ? subtract_rows<true, kColumns, kFalls>(columns, fell)
                      : subtract_rows<false, kColumns, kFalls>(columns, fell);
  };
  std::uint8_t* packed = nullptr;
  switch (falls) {
    case Falls::kReported:
      packed = columns.count == 2 ? with.template operator()<Falls::kReported, 2>()
                                  : with.template operator()<Falls::kReported, 0>();
      break;
    case Falls::kTolerated:
      packed = with.template operator()<Falls::kTolerated, 0>();
      break;
    case Falls::kFollowed:
      packed = with.template operator()<Falls::kFollowed, 0>();
      break;
  }
  const std::uint32_t tail = unseen > 0 ? pack_tail(packed) : 0;
  evicted_ = unseen - tail;

  DeltaState::Header header{.column_hash = columns.hash,
                            .time_ns = time_ns,
                            .rows = count_ + tail,
                            .tail = tail,
                            .value_bytes = static_cast<std::uint32_t>(packed - packed_.data()),
                            .columns = columns.count};
  auto next = std::make_shared<DeltaState>(header);
  std::uint8_t* to = next->block();
  const auto put = [&](const void* from, std::size_t size) {
    if (size > 0) std::memcpy(to, from, size);
    to += size;
  };
  put(hashes_.data(), std::size_t{8} * header.rows);
  put(sizes_.data(), std::size_t{next->stride()} * header.rows);
  put(packed_.data(), header.value_bytes);
  put(ages_.data(), tail);
  return next;
}

std::size_t DeltaRows::held_bytes() const {
  return hashes_.held_bytes() + values_.held_bytes() + origins_.held_bytes() + match_.held_bytes() +
         emitted_.held_bytes() + ids_.held_bytes() + table_.held_bytes() + old_rows_.held_bytes() +
         sizes_.held_bytes() + packed_.held_bytes() + ages_.held_bytes();
}

void DeltaRows::release() {
  hashes_.release();
  values_.release();
  origins_.release();
  match_.release();
  emitted_.release();
  ids_.release();
  table_.release();
  old_rows_.release();
  sizes_.release();
  packed_.release();
  ages_.release();
}

}  // namespace invar::pprof
