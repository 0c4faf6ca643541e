#include "pprof/location_keys.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "pprof/stack_hash.h"

namespace invar::pprof {

void LocationKeys::compute(const ProfileIndex& index) {
  index_ = &index;
  string_keys_.fill_zero(index.strings().size());
  const auto& locations = index.location_entries();
  keys_.reserve(locations.size() + 1);
  keys_.set_size(locations.size() + 1);
  keys_[0] = 0;
  std::uint64_t mapping_id = 0, mapping = mapping_key(0);
  for (std::size_t i = 0; i < locations.size(); ++i) {
    if (locations[i].mapping_id != mapping_id) [[unlikely]] {
      mapping_id = locations[i].mapping_id;
      mapping = mapping_key(mapping_id);
    }
    keys_[i + 1] = mix(locations[i].address ^ kHashSeed) + mapping;
  }
  if (!index.any_zero_address()) return;
  for (std::size_t i = 0; i < locations.size(); ++i) {
    if (locations[i].address == 0) {
      keys_[i + 1] = chain_key(index.locations()[i], mapping_key(locations[i].mapping_id));
    }
  }
}

std::uint64_t LocationKeys::string_key(std::uint64_t index) {
  std::uint64_t& key = string_keys_[index];
  if (key == 0) {
    const std::string_view text = index_->string(index);
    key = XXH3_64bits(text.data(), text.size()) | 1;
  }
  return key;
}

std::uint64_t LocationKeys::mapping_key(std::uint64_t mapping_id) {
  const std::uint32_t at = index_->mapping_ids().find(mapping_id);
  if (at == IdTable::kNone) return mix(mapping_id);
  const MappingEntry& mapping = index_->mappings()[at];
  return mix(mapping.start ^
             fold_product(string_key(mapping.filename), string_key(mapping.build_id) ^ kHashSeed));
}

std::uint64_t LocationKeys::chain_key(Span location, std::uint64_t mapping) {
  std::uint64_t key = 0;
  PaddedReader in(index_->raw(), location);
  while (in.more()) {
    const std::uint64_t tag = in.tag();
    if (tag != (4 << 3 | 2)) {
      in.skip(tag);
      continue;
    }
    PaddedReader body = in.message();
    std::uint64_t line[4] = {}, function[6] = {};
    read_numbers<3>(body, line);
    const std::uint32_t at = index_->function_ids().find(line[1]);  // exists: the index has checked it
    PaddedReader record(index_->raw(), index_->functions()[at]);
    read_numbers<5>(record, function);
    key =
        mix(fold_product((key + 1) ^ string_key(function[2]), kHashMultipliers[0] ^ string_key(function[4])) +
            line[2]);
  }
  return key != 0 ? key : mix(mapping);  // neither address nor lines
}

std::uint64_t LocationKeys::label(PaddedReader body, bool& valid) {
  std::uint64_t values[5] = {};
  read_numbers<4>(body, values);
  const std::uint64_t strings = index_->strings().size();
  if (body.failed || values[1] >= strings || values[2] >= strings || values[4] >= strings) {
    valid = false;
    return 0;
  }
  const std::uint64_t* const m = kHashMultipliers.data();
  std::uint64_t hash = fold_product(string_key(values[1]) ^ m[1], values[3] ^ m[2]);
  if (values[2] | values[4]) {
    hash = fold_product(hash ^ (values[2] ? string_key(values[2]) : 0),
                        m[3] ^ (values[4] ? string_key(values[4]) : 0));
  }
  return (hash ^ hash >> 29) * 0x9e3779b97f4a7c15;
}

void LocationKeys::release() {
  keys_.release();
  string_keys_.release();
}

}  // namespace invar::pprof
