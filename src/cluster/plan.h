// Plan: which node owns each slot of the key space, as one node has weighed it for all.
//
// A slot is the keys that share their upper 14 bits. Of two plans the one of the higher epoch holds, of one epoch that of the greater
// id: so nodes that know the same plans follow the same one, whoever made them.
// Encoding: msgpack array of epoch, names, and the owner of each slot as an index into them (1 byte, or 2 above 256 names).
// Threads:  immutable, any thread. Errors: bytes that are no plan.
// Spec:     clustering.md 13.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace invar::cluster {

inline constexpr unsigned kSlotBits = 14;
inline constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;

constexpr std::size_t slot_of(std::uint64_t key) {
  return static_cast<std::size_t>(key >> (64 - kSlotBits));
}
// The key that stands for the slot in the ring.
constexpr std::uint64_t middle_of(std::size_t slot) {
  return (static_cast<std::uint64_t>(slot) << (64 - kSlotBits)) | (std::uint64_t{1} << (63 - kSlotBits));
}

struct Plan {
  std::uint64_t epoch = 0;
  std::vector<std::string> nodes;     // sorted
  std::vector<std::uint16_t> owners;  // by slot
  std::string bytes, id;              // as it is told
};
using PlanPtr = std::shared_ptr<const Plan>;

// `owners` name a node for each slot.
PlanPtr make_plan(std::uint64_t epoch, const std::vector<std::string>& owners);
Result<PlanPtr> decode_plan(std::string_view bytes);
// Whether `plan` holds where `known` (or nothing) was known.
bool is_newer(const PlanPtr& plan, const PlanPtr& known);

}  // namespace invar::cluster
