// Profiles for tests: captured ones, and random ones whose stacks a test can change from round to round.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "pprof/profile.h"

namespace invar::pprof::testing {

// The bytes of testdata/profiles/<name>.pb.gz as captured, or unpacked. Aborts when the file is missing.
std::string captured_gzip(std::string_view name);
std::string captured_raw(std::string_view name);

std::string gzipped(std::string_view raw);

struct RandomShape {
  std::uint32_t stacks = 100, locations = 50, functions = 20, depth = 10;
  bool addresses = true;     // false: address 0, as interpreters write it
  bool ids_in_order = true;  // false: sparse, huge, shuffled
  bool labels = true;
};

// A heap-like profile (alloc_objects, alloc_space, inuse_objects, inuse_space). The same seed gives the same stacks.
Profile random_heap(const RandomShape& shape, std::uint64_t seed);

// Lets the program run on: counters of some stacks grow, live memory changes, ids and string order change, some stacks vanish
// from the profile (`absent`), duplicates appear.
Profile next_round(const Profile& profile, std::mt19937_64& random, double absent);

}  // namespace invar::pprof::testing
