// Builder: numbers the functions, mappings and locations of a profile as they are met, each once.
// Shape:   everything goes into the Profile given; its other fields are the caller's. Locations are leaf first in a sample,
//          the lines of a location innermost first.
// Threads: one owner.  Lifetime: the profile outlives the builder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "pprof/profile.h"

namespace invar::pprof {

class Builder {
 public:
  explicit Builder(Profile& out) : out_(out) {}

  // All return an id. `id` of what is given is ignored.
  std::uint64_t function(Function function);  // the same by system name, file and first line
  std::uint64_t mapping(Mapping mapping);     // the same by start, file and build id
  // The same by mapping and address; `lines()` is asked for a location's lines when it is met first.
  template <class Lines>
  std::uint64_t location(std::uint64_t mapping_id, std::uint64_t address, Lines lines) {
    const auto [at, made] = locations_.try_emplace({mapping_id, address}, 0);
    if (made) at->second = add({.mapping_id = mapping_id, .address = address, .lines = lines()});
    return at->second;
  }
  std::uint64_t named_location(const std::string& name);  // without an address, for what has no code

  std::uint64_t add(Location location);  // one more; the caller tells it from others

  Sample& sample(std::vector<std::uint64_t> location_ids, std::vector<std::int64_t> values);

 private:
  Profile& out_;
  std::map<std::tuple<std::string, std::string, std::int64_t>, std::uint64_t> functions_;
  std::map<std::tuple<std::uint64_t, std::string, std::string>, std::uint64_t> mappings_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> locations_;
  std::map<std::string, std::uint64_t> named_;
};

}  // namespace invar::pprof
