// LocationKeys: what a frame, a string and a label are for the identity of a stack.
// A location is its address and mapping (start, file, build id); at address 0, as interpreters write it, the
// chain of (function name, file, line) of its lines. Ids and string indexes play no part: they change.
// Spec:    pyroscope-scrape.md 13.   Threads: one owner.
// Lifetime: refers to the index until the next compute().
#pragma once

#include <cstdint>

#include "pprof/profile_index.h"

namespace invar::pprof {

class LocationKeys {
 public:
  void compute(const ProfileIndex& index);

  // By position + 1; entry 0 is 0, the padding of hash_stack().
  const std::uint64_t* keys() const { return keys_.data(); }
  // The hash of one label; order among labels does not count, so the hashes of a sample are summed.
  // `valid` becomes false for a label that is no message or names a string that does not exist.
  std::uint64_t label(PaddedReader body, bool& valid);

  std::size_t held_bytes() const { return keys_.held_bytes() + string_keys_.held_bytes(); }
  void release();

 private:
  std::uint64_t string_key(std::uint64_t index);
  std::uint64_t mapping_key(std::uint64_t mapping_id);
  std::uint64_t chain_key(Span location, std::uint64_t mapping);

  const ProfileIndex* index_ = nullptr;
  Scratch<std::uint64_t> keys_;
  Scratch<std::uint64_t> string_keys_;  // 0: not computed yet
};

}  // namespace invar::pprof
