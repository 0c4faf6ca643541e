#include "pprof/profile_index.h"

#include <algorithm>
#include <array>

#include "pprof/limits.h"

namespace invar::pprof {
namespace {

constexpr std::uint8_t kOther = 4;

// Kind of record by its tag byte: fields 2, 4, 5 and 6 are the frequent ones.
constexpr auto kKindOfTag = [] {
  std::array<std::uint8_t, 256> kinds{};
  kinds.fill(kOther);
  kinds[0x12] = 0;
  kinds[0x22] = 1;
  kinds[0x2a] = 2;
  kinds[0x32] = 3;
  return kinds;
}();

constexpr std::uint32_t kBatch = 256;  // records between two checks of the lists' room

}  // namespace

void ProfileIndex::clear() {
  for (auto& list : lists_) list.clear();
  others_.clear();
  durations_.clear();
  location_entries_.clear();
  mappings_.clear();
  types_.clear();
  header_strings_.clear();
  mapping_ids_.clear();
  location_ids_.clear();
  function_ids_.clear();
  longest_sample_ = 0;
  any_zero_address_ = false;
  time_ns_ = duration_ns_ = 0;
  period_types_ = comments_ = 0;
}

bool ProfileIndex::build(const std::uint8_t* raw, std::uint32_t size) {
  raw_ = raw;
  size_ = size;
  clear();
  if (!file_records() || !check_header() || !mapping_ids_.finish()) return false;
  for (const Span& sample : samples()) longest_sample_ = std::max(longest_sample_, sample.size);
  return read_functions() && read_locations();
}

bool ProfileIndex::file_records() {
  PaddedReader in(raw_, raw_ + size_);
  while (in.more()) {
    Span* next[kLists];
    for (int kind = 0; kind < kLists; ++kind) {
      lists_[kind].reserve(lists_[kind].size() + kBatch);
      next[kind] = lists_[kind].data() + lists_[kind].size();
    }
    for (std::uint32_t i = 0; i < kBatch && in.more(); ++i) {
      const std::uint8_t kind = kKindOfTag[*in.at];
      if (kind == kOther) [[unlikely]] {
        const std::uint8_t* const next_record = file_other(in.at);
        if (next_record == nullptr) return false;
        in.at = next_record;
        continue;
      }
      ++in.at;
      const std::uint32_t length = in.length();
      *next[kind]++ = {static_cast<std::uint32_t>(in.at - raw_), length};
      in.at += length;
    }
    if (in.failed) return false;
    for (int kind = 0; kind < kLists; ++kind) {
      lists_[kind].set_size(static_cast<std::size_t>(next[kind] - lists_[kind].data()));
      if (lists_[kind].size() > kMaxRecords) return false;
    }
  }
  return true;
}

// A record of the header, or one of a field we do not know.
const std::uint8_t* ProfileIndex::file_other(const std::uint8_t* start) {
  PaddedReader in(start, raw_ + size_);
  const std::uint64_t tag = in.tag();
  const auto number = [&] {
    const std::uint64_t value = in.varint();
    return static_cast<std::int64_t>(value);
  };
  bool duration = false;
  switch (tag) {
    case 1 << 3 | 2: {
      ValueTypeEntry type;
      if (!read_type(in.message(), type) || types_.size() == kMaxRecords) return nullptr;
      types_.push(type);
      break;
    }
    case 3 << 3 | 2:
      if (!read_mapping(in.message()) || mappings_.size() > kMaxRecords) return nullptr;
      break;
    case 7 << 3:
    case 8 << 3:
    case 14 << 3:
    case 15 << 3:
      header_strings_.push(in.varint());
      break;
    case 9 << 3:
      time_ns_ = number();
      break;
    case 10 << 3:
      duration_ns_ = number();
      duration = true;
      break;
    case 11 << 3 | 2: {
      ValueTypeEntry type;
      if (!read_type(in.message(), type) || ++period_types_ > kMaxRecords) return nullptr;
      break;
    }
    case 12 << 3:
      number();
      break;
    case 13 << 3:
      header_strings_.push(in.varint());
      ++comments_;
      break;
    case 13 << 3 | 2: {
      PaddedReader packed = in.message();
      for (; packed.more(); ++comments_) header_strings_.push(packed.varint());
      if (packed.failed) return nullptr;
      break;
    }
    default:
      if (tag >> 3 <= 15) return nullptr;  // a known field of the wrong wire type, or no tag at all
      in.skip(tag);
  }
  if (in.failed || comments_ > kMaxRecords) return nullptr;
  (duration ? durations_ : others_)
      .push({static_cast<std::uint32_t>(start - raw_), static_cast<std::uint32_t>(in.at - start)});
  return in.at;
}

bool ProfileIndex::read_type(PaddedReader in, ValueTypeEntry& type) {
  std::uint64_t values[3] = {};
  read_numbers<2>(in, values);
  type = {values[1], values[2]};
  header_strings_.push(values[1]);
  header_strings_.push(values[2]);
  return !in.failed;
}

bool ProfileIndex::read_mapping(PaddedReader in) {
  std::uint64_t values[11] = {};
  read_numbers<10>(in, values);
  mappings_.push({values[1], values[2], values[5], values[6]});
  header_strings_.push(values[5]);
  header_strings_.push(values[6]);
  mapping_ids_.add(values[1]);
  return !in.failed;
}

bool ProfileIndex::check_header() const {
  const std::size_t count = strings().size();
  if (count == 0 || strings()[0].size != 0 || types_.empty()) return false;
  return std::all_of(header_strings_.begin(), header_strings_.end(),
                     [&](std::uint64_t i) { return i < count; });
}

bool ProfileIndex::read_functions() {
  const std::size_t count = strings().size();
  bool good = true;
  for (const Span& span : functions()) {
    const std::uint8_t* const end = raw_ + span.offset + span.size;
    StraightReader go{raw_ + span.offset};
    std::uint64_t id = go.field(1 << 3), name = go.field(2 << 3), system_name = go.field(3 << 3),
                  file = go.field(4 << 3);
    if (go.at < end) go.field(5 << 3);
    if (!go.straight || go.at != end) [[unlikely]] {
      PaddedReader in(raw_, span);
      std::uint64_t values[6] = {};
      read_numbers<5>(in, values);
      good &= !in.failed;
      id = values[1], name = values[2], system_name = values[3], file = values[4];
    }
    good &= name < count && system_name < count && file < count;
    function_ids_.add(id);
  }
  return good && function_ids_.finish();
}

bool ProfileIndex::has_function(std::uint64_t id) const {
  return function_ids_.find(id) != IdTable::kNone;
}

// The general reading of a line and of a location.
bool ProfileIndex::read_line(PaddedReader line) const {
  std::uint64_t values[4] = {};
  read_numbers<3>(line, values);
  return !line.failed && has_function(values[1]);
}

bool ProfileIndex::read_location(PaddedReader in, std::uint64_t& id, LocationEntry& entry) const {
  std::uint64_t values[6] = {};
  while (in.more()) {
    const std::uint64_t tag = in.tag();
    if (tag == (4 << 3 | 2)) {
      if (!read_line(in.message())) return false;
    } else if (tag >> 3 > 5) {
      in.skip(tag);
    } else if ((tag & 7) == 0 && tag >> 3 != 4) {
      values[tag >> 3] = in.varint();
    } else {
      return false;
    }
  }
  id = values[1];
  entry = {values[3], values[2]};
  return !in.failed;
}

bool ProfileIndex::read_locations() {
  location_entries_.reserve(locations().size());
  bool good = true;
  for (const Span& span : locations()) {
    const std::uint8_t* const end = raw_ + span.offset + span.size;
    StraightReader go{raw_ + span.offset};
    std::uint64_t id = go.field(1 << 3);
    LocationEntry entry;
    if (*go.at == 2 << 3) entry.mapping_id = go.field(2 << 3);
    go.straight &= *go.at == 3 << 3 && go.at + 1 < end;
    PaddedReader address(go.at + 1, end);
    if (go.straight) entry.address = address.varint();
    go.at = address.at;
    while (go.straight && go.at < end && *go.at != 2 << 3) {
      const std::uint8_t* const line_end = go.at + 2 + go.at[1];
      go.straight &= *go.at == (4 << 3 | 2);
      go.at += 2;
      const std::uint64_t function = go.field(1 << 3);
      go.field(2 << 3);
      go.straight &= go.at == line_end && has_function(function);
    }
    if (go.at < end) entry.mapping_id = go.field(2 << 3);  // where Go's runtime writes it
    if (!go.straight || go.at != end || address.failed) [[unlikely]] {
      good &= read_location(PaddedReader(raw_, span), id, entry);
    }
    location_ids_.add(id);
    any_zero_address_ |= entry.address == 0;
    location_entries_.push(entry);
  }
  return good && location_ids_.finish();
}

Summary ProfileIndex::summary() const {
  Summary summary;
  for (const ValueTypeEntry& type : types_) {
    summary.sample_types.push_back({std::string(string(type.type)), std::string(string(type.unit))});
  }
  summary.time_unix_ns = time_ns_;
  summary.duration_ns = duration_ns_;
  summary.raw_bytes = size_;
  return summary;
}

std::size_t ProfileIndex::held_bytes() const {
  std::size_t sum = others_.held_bytes() + durations_.held_bytes() + location_entries_.held_bytes() +
                    mappings_.held_bytes() + types_.held_bytes() + header_strings_.held_bytes() +
                    mapping_ids_.held_bytes() + location_ids_.held_bytes() + function_ids_.held_bytes();
  for (const auto& list : lists_) sum += list.held_bytes();
  return sum;
}

void ProfileIndex::release() {
  clear();
  for (auto& list : lists_) list.release();
  others_.release();
  durations_.release();
  location_entries_.release();
  mappings_.release();
  types_.release();
  header_strings_.release();
  mapping_ids_.release();
  location_ids_.release();
  function_ids_.release();
}

}  // namespace invar::pprof
