// DeltaState: what a target's last accepted profile leaves behind. Immutable, one exactly sized block.
// Shape:   u64 hash[n] | u8 sizes[n][stride] | values | u8 age[tail], then 8 bytes padding for wide loads.
//          `sizes` holds a nibble per delta column: the bytes (1..8) of its value. stride is half the
//          columns, rounded up. 12 to 14 bytes a stack for heaps: 8 hash, 1 sizes, 3 to 5 values.
// Order:   the last profile's rows, then the `tail` of stacks that it did not contain.
// Beside:  after a restart, and where several processes answer in turn, the other baselines of the series (delta_choice.h);
//          nothing, not even a byte, in the usual case.
// Disk:    save_state() writes a header, the block and an XXH3 checksum, for each baseline; load_state() believes nothing
//          before it is checked.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "pprof/delta.h"
#include "pprof/delta_choice.h"
#include "pprof/varint.h"

namespace invar::pprof {

class DeltaState {
 public:
  static constexpr std::uint32_t kMaxColumns = 64;
  static constexpr std::uint8_t kMaxAge = 100;  // profiles without a stack until it is forgotten

  struct Header {
    std::uint64_t column_hash = 0;  // of the delta columns' types and units, in order
    std::int64_t time_ns = 0;       // of the profile; 0: it had none
    std::uint32_t rows = 0;
    std::uint32_t tail = 0;
    std::uint32_t value_bytes = 0;
    std::uint32_t columns = 0;
  };

  struct Other {
    DeltaStatePtr state;  // with nothing beside it
    Standing standing;
  };
  struct Beside {
    std::vector<Other> others;  // at least one, of the same columns
    bool newest_proven = false;
    bool several = false;
  };

  explicit DeltaState(const Header& header);

  const Header& header() const { return header_; }
  std::uint32_t rows() const { return header_.rows; }
  std::uint32_t stride() const { return (header_.columns + 1) / 2; }
  std::uint32_t first_of_tail() const { return header_.rows - header_.tail; }

  const std::uint64_t* hashes() const { return reinterpret_cast<const std::uint64_t*>(block_.get()); }
  const std::uint8_t* sizes() const { return block_.get() + std::size_t{8} * header_.rows; }
  const std::uint8_t* values() const { return sizes() + std::size_t{stride()} * header_.rows; }
  const std::uint8_t* ages() const { return values() + header_.value_bytes; }

  std::uint8_t* block() { return block_.get(); }
  const std::uint8_t* block() const { return block_.get(); }
  std::size_t block_bytes() const;

  const Beside* beside() const { return beside_.get(); }
  void set_beside(Beside beside);

 private:
  Header header_;
  std::unique_ptr<const Beside> beside_;
  std::unique_ptr<std::uint8_t[]> block_;
};

// The same baseline with nothing beside it; the state itself when it has nothing.
DeltaStatePtr alone(const DeltaStatePtr& state);
std::shared_ptr<DeltaState> copy_alone(const DeltaState& state);

// Bytes that all values of a row take, from its nibbles.
[[gnu::always_inline]] inline std::uint32_t row_value_bytes(const std::uint8_t* sizes, std::uint32_t stride) {
  std::uint32_t sum = 0;
  for (std::uint32_t i = 0; i < stride; ++i) sum += (sizes[i] & 15u) + (sizes[i] >> 4);
  return sum;
}

}  // namespace invar::pprof
