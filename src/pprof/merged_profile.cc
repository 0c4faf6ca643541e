#include "pprof/merged_profile.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>

#include "pprof/stack_hash.h"

namespace invar::pprof {
namespace {

template <class... Numbers>
[[gnu::always_inline]] inline std::uint64_t hash_numbers(Numbers... numbers) {
  std::uint64_t hash = kHashSeed;
  std::size_t i = 0;
  ((hash = fold_product(hash ^ static_cast<std::uint64_t>(numbers), kHashMultipliers[i++])), ...);
  return mix(hash);
}

std::uint64_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, size, seed);
}

std::string in_words(const MergedHeader& header) {
  std::string text;
  for (const SampleType& type : header.sample_types) {
    text += fmt::format("{}{}/{}", text.empty() ? "" : ", ", type.type, type.unit);
  }
  if (header.period_type != SampleType{}) {
    text += fmt::format(" per {}/{}", header.period_type.type, header.period_type.unit);
  }
  return text;
}

template <class T>
std::uint32_t position(const std::vector<T>& table) {
  return static_cast<std::uint32_t>(table.size());
}

}  // namespace

std::span<const MergedLabel> MergedProfile::labels_of(const MergedStack& stack) const {
  const auto [first, count] = label_sets_[stack.labels];
  return {labels_.data() + first, count};
}

std::uint64_t MergedProfile::address_of(const MergedLocation& location) const {
  return location.offset + (location.mapping == HashIndex::kNone ? 0 : mappings_[location.mapping].start);
}

std::int64_t MergedProfile::total(std::uint32_t side, std::uint32_t type) const {
  std::int64_t sum = 0;
  for (std::size_t at = std::size_t{side} * types() + type; at < values_.size(); at += width()) {
    sum = wrapping_add(sum, values_[at]);
  }
  return sum;
}

MergedId MergedProfile::intern_string(std::string_view text) {
  return string_index_.find_or_add(
      hash_bytes(text.data(), text.size(), 0), [&](std::uint32_t at) { return string(at) == text; },
      [&] {
        strings_.emplace_back(text_.size(), static_cast<std::uint32_t>(text.size()));
        text_ += text;
        return position(strings_) - 1;
      });
}

MergedId MergedProfile::intern_function(const MergedFunction& f) {
  return function_index_.find_or_add(
      hash_numbers(f.name, f.system_name, f.file, static_cast<std::uint64_t>(f.start_line)),
      [&](std::uint32_t at) { return functions_[at] == f; },
      [&] {
        functions_.push_back(f);
        return position(functions_) - 1;
      });
}

// Sizes are compared in pages: what a linker or a kernel rounds differently is still the same mapping.
MergedId MergedProfile::intern_mapping(const MergedMapping& m) {
  const auto pages = [](const MergedMapping& mapping) {
    return (mapping.limit - mapping.start + 0xfff) >> 12;
  };
  const auto name = [this](const MergedMapping& mapping) {
    return string(mapping.build_id).empty() ? mapping.file : mapping.build_id;
  };
  return mapping_index_.find_or_add(
      hash_numbers(pages(m), m.offset, name(m)),
      [&](std::uint32_t other) {
        return pages(mappings_[other]) == pages(m) && mappings_[other].offset == m.offset &&
               name(mappings_[other]) == name(m);
      },
      [&] {
        mappings_.push_back(m);
        mappings_.back().order = MergedMapping::kNotSeen;
        return position(mappings_) - 1;
      });
}

// Of equal mappings the earliest is written.
void MergedProfile::see_mapping(MergedId id, const MergedMapping& mapping) {
  if (mapping.order < mappings_[id].order) mappings_[id] = mapping;
}

MergedId MergedProfile::intern_location(const MergedLocation& location, std::span<const MergedLine> lines) {
  std::uint64_t hash = hash_numbers(location.offset, location.mapping, lines.size(), location.is_folded);
  for (const MergedLine& line : lines) {
    hash = hash_numbers(hash, line.function, static_cast<std::uint64_t>(line.line),
                        static_cast<std::uint64_t>(line.column));
  }
  return location_index_.find_or_add(
      hash,
      [&](std::uint32_t at) {
        const MergedLocation& known = locations_[at];
        return known.offset == location.offset && known.mapping == location.mapping &&
               known.is_folded == location.is_folded && std::ranges::equal(lines_of(known), lines);
      },
      [&] {
        locations_.push_back(location);
        locations_.back().first_line = position(lines_);
        locations_.back().lines = static_cast<std::uint32_t>(lines.size());
        lines_.insert(lines_.end(), lines.begin(), lines.end());
        return position(locations_) - 1;
      });
}

MergedId MergedProfile::intern_labels(std::span<const MergedLabel> labels) {
  std::uint64_t hash = labels.size();
  for (const MergedLabel& label : labels) {
    hash = hash_numbers(hash, label.key, label.str, label.num_unit, static_cast<std::uint64_t>(label.num));
  }
  return label_index_.find_or_add(
      hash,
      [&](std::uint32_t at) {
        const auto [first, count] = label_sets_[at];
        return std::ranges::equal(std::span(labels_.data() + first, count), labels);
      },
      [&] {
        label_sets_.emplace_back(position(labels_), static_cast<std::uint32_t>(labels.size()));
        labels_.insert(labels_.end(), labels.begin(), labels.end());
        return position(label_sets_) - 1;
      });
}

std::uint64_t MergedProfile::stack_hash(std::span<const MergedId> locations, MergedId labels) {
  return hash_bytes(locations.data(), locations.size_bytes(), labels);
}

MergedId MergedProfile::intern_stack(std::uint64_t hash, std::span<const MergedId> locations, MergedId labels,
                                     std::uint64_t order) {
  const MergedId at = stack_index_.find_or_add(
      hash,
      [&](std::uint32_t other) {
        const MergedStack& known = stacks_[other];
        return known.labels == labels && std::ranges::equal(locations_of(known), locations);
      },
      [&] {
        stacks_.push_back({frames_.size(), static_cast<std::uint32_t>(locations.size()), labels, order});
        frames_.insert(frames_.end(), locations.begin(), locations.end());
        values_.resize(values_.size() + width());
        return position(stacks_) - 1;
      });
  stacks_[at].order = std::min(stacks_[at].order, order);
  return at;
}

Result<> MergedProfile::join_header(const MergedHeader& other, std::uint64_t order) {
  if (!started()) {
    header_ = other;
    header_order_ = order;
    return {};
  }
  if (header_.sample_types != other.sample_types || header_.period_type != other.period_type) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("holds {}, the profiles before it {}", in_words(other), in_words(header_)));
  }
  const bool earlier = order < header_order_;
  header_order_ = std::min(header_order_, order);
  header_.period = std::max(header_.period, other.period);
  if (header_.time_unix_ns == 0 || (other.time_unix_ns != 0 && other.time_unix_ns < header_.time_unix_ns)) {
    header_.time_unix_ns = other.time_unix_ns;
  }
  header_.duration_ns = wrapping_add(header_.duration_ns, other.duration_ns);
  if (earlier) {
    header_.drop_frames = other.drop_frames;
    header_.keep_frames = other.keep_frames;
    header_.doc_url = other.doc_url;
  }
  if (header_.default_sample_type.empty() || (earlier && !other.default_sample_type.empty())) {
    header_.default_sample_type = other.default_sample_type;
  }
  for (const std::string& comment : other.comments) {
    if (std::ranges::find(header_.comments, comment) == header_.comments.end()) {
      header_.comments.push_back(comment);
    }
  }
  return {};
}

Result<> MergedProfile::absorb(const MergedProfile& other) {
  if (!other.started()) return {};
  INVAR_TRY(join_header(other.header_, other.header_order_));
  std::vector<MergedId> strings, functions, mappings, locations, label_sets;
  for (std::uint32_t i = 0; i < other.strings_.size(); ++i) strings.push_back(intern_string(other.string(i)));
  for (MergedFunction function : other.functions_) {
    function.name = strings[function.name];
    function.system_name = strings[function.system_name];
    function.file = strings[function.file];
    functions.push_back(intern_function(function));
  }
  for (MergedMapping mapping : other.mappings_) {
    mapping.file = strings[mapping.file];
    mapping.build_id = strings[mapping.build_id];
    mappings.push_back(intern_mapping(mapping));
    see_mapping(mappings.back(), mapping);
  }
  std::vector<MergedLine> lines;
  for (MergedLocation location : other.locations_) {
    const auto theirs = other.lines_of(location);
    lines.assign(theirs.begin(), theirs.end());
    for (MergedLine& line : lines) line.function = functions[line.function];
    if (location.mapping != HashIndex::kNone) location.mapping = mappings[location.mapping];
    locations.push_back(intern_location(location, lines));
  }
  std::vector<MergedLabel> labels;
  for (const auto& [first, count] : other.label_sets_) {
    labels.assign(other.labels_.begin() + first, other.labels_.begin() + first + count);
    for (MergedLabel& label : labels) {
      label.key = strings[label.key];
      label.str = strings[label.str];
      label.num_unit = strings[label.num_unit];
    }
    label_sets.push_back(intern_labels(labels));
  }
  std::vector<MergedId> ids;
  for (std::size_t i = 0; i < other.stacks_.size(); ++i) {
    const MergedStack& stack = other.stacks_[i];
    ids.clear();
    for (const MergedId id : other.locations_of(stack)) ids.push_back(locations[id]);
    const MergedId set = label_sets[stack.labels];
    const MergedId at = intern_stack(stack_hash(ids, set), ids, set, stack.order);
    for (std::size_t c = 0; c < width(); ++c) add_value(at * width() + c, other.values_[i * width() + c]);
  }
  return {};
}

void MergedProfile::normalize(std::uint32_t side, std::uint32_t to_side) {
  for (std::uint32_t type = 0; type < types(); ++type) {
    const std::int64_t from = total(side, type);
    if (from == 0) continue;
    const double factor = static_cast<double>(total(to_side, type)) / static_cast<double>(from);
    for (std::size_t at = std::size_t{side} * types() + type; at < values_.size(); at += width()) {
      values_[at] = static_cast<std::int64_t>(std::round(static_cast<double>(values_[at]) * factor));
    }
  }
}

}  // namespace invar::pprof
