#include "pprof/merge.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/gzip.h"
#include "pprof/limits.h"
#include "pprof/profile_check.h"
#include "pprof/profile_index.h"
#include "pprof/scratch.h"

namespace invar::pprof {
namespace {

constexpr std::uint32_t kSkip = 0xffffffff;  // a column that is not kept
constexpr std::uint32_t kUnknown = 0xffffffff;

// A tag of one byte without a call; all known fields have one.
[[gnu::always_inline]] inline std::uint64_t short_tag(PaddedReader& in) {
  const std::uint8_t tag = *in.at;
  if (tag < 8 || tag >= 0x80) [[unlikely]]
    return in.tag();
  ++in.at;
  return tag;
}

}  // namespace

bool is_sample_type(const SampleType& type, std::string_view wanted) {
  return wanted == type.type ||
         (wanted.size() == type.type.size() + 1 + type.unit.size() && wanted.starts_with(type.type) &&
          wanted[type.type.size()] == ':' && wanted.ends_with(type.unit));
}

struct Merger::Impl {
  const MergeOptions options;
  MergedProfile merged;
  codec::Inflater inflater;
  std::string raw;
  ProfileIndex index;
  MergedHeader header;
  Scratch<std::uint32_t> columns;  // where a column of the profile goes, or kSkip

  // From positions in the profile to ids of the merge; kUnknown until asked for.
  Scratch<MergedId> strings, functions, mappings, locations;

  // The samples of one profile, until all are known to be good.
  struct Row {
    std::uint64_t hash = 0;
    std::uint32_t first = 0, count = 0, sample = 0;
    MergedId labels = 0;
  };
  Scratch<Row> rows;
  Scratch<MergedId> ids;
  Scratch<std::int64_t> row_values, values;
  std::vector<MergedLabel> labels;
  std::vector<MergedLine> lines;
  std::vector<MergedMapping> seen_mappings;
  std::vector<std::string_view> label_bodies;
  struct CachedLabel {
    std::uint64_t body = 0;
    MergedId set = 0;
  };
  CachedLabel label_cache[256];

  Impl(MergeOptions given, std::uint32_t sides) : options(std::move(given)), merged(sides) {
    merged.intern_string("");
    merged.intern_labels({});
  }

  Result<> add(std::string_view body, std::uint32_t order, std::uint32_t side);
  Result<> unpack(std::string_view body);
  std::unexpected<Error> refuse() const;
  Result<> choose_columns();
  bool read_header(std::uint64_t order);
  bool read_mapping(PaddedReader in, std::uint64_t order);
  bool read_samples();
  bool read_sample(std::uint32_t sample);
  MergedId read_labels(bool& valid, std::uint64_t key, bool cacheable);
  void commit(std::uint32_t order, std::uint32_t side);

  MergedId string(std::uint64_t at) {
    MergedId& id = strings[at];
    if (id == kUnknown) id = merged.intern_string(index.string(at));
    return id;
  }
  MergedId function(std::uint64_t id);
  MergedId location(std::uint32_t at);
  std::string text(std::uint64_t at) const { return std::string(index.string(at)); }
};

Merger::Merger(MergeOptions options, std::uint32_t sides)
    : impl_(std::make_unique<Impl>(std::move(options), sides)) {}
Merger::~Merger() = default;
Merger::Merger(Merger&&) noexcept = default;
const MergedProfile& Merger::merged() const {
  return impl_->merged;
}
MergedProfile Merger::take() && {
  return std::move(impl_->merged);
}
Result<> Merger::add(std::string_view body, std::uint32_t order, std::uint32_t side) {
  return impl_->add(body, order, side);
}

// Leaves the uncompressed profile in `raw`, with kPadding zeros behind it.
Result<> Merger::Impl::unpack(std::string_view body) {
  const std::uint64_t limit = std::min(options.limit_bytes, kMaxRawBytes);
  if (codec::is_gzip(body)) {
    INVAR_TRY(inflater.gunzip(body, limit, raw));
  } else {
    if (body.size() > limit) {
      return fail(ErrorCode::kResourceExhausted, fmt::format("larger than {} bytes", limit));
    }
    raw.assign(body);
  }
  raw.append(kPadding, '\0');
  return {};
}

std::unexpected<Error> Merger::Impl::refuse() const {
  const Result<Summary> words = inspect(std::string_view(raw).substr(0, raw.size() - kPadding));
  if (!words) return std::unexpected(words.error());
  return fail(ErrorCode::kInternal, "the two profile readers disagree");
}

Result<> Merger::Impl::choose_columns() {
  columns.reserve(index.columns());
  columns.set_size(index.columns());
  header = {};
  for (std::uint32_t i = 0; i < index.columns(); ++i) {
    SampleType type{text(index.types()[i].type), text(index.types()[i].unit)};
    const bool keep = options.sample_type.empty() ||
                      (header.sample_types.empty() && is_sample_type(type, options.sample_type));
    columns[i] = keep ? static_cast<std::uint32_t>(header.sample_types.size()) : kSkip;
    if (keep) header.sample_types.push_back(std::move(type));
  }
  if (!header.sample_types.empty()) return {};
  return fail(ErrorCode::kNotFound, fmt::format("has no sample type {}", options.sample_type));
}

// The records outside the four frequent kinds. The index has checked them.
bool Merger::Impl::read_header(std::uint64_t order) {
  header.time_unix_ns = index.time_ns();
  header.duration_ns = index.duration_ns();
  mappings.reserve(index.mappings().size());
  mappings.clear();
  seen_mappings.clear();
  for (const Span& record : index.others()) {
    PaddedReader in(index.raw(), record);
    const std::uint64_t tag = in.tag();
    switch (tag) {
      case 3 << 3 | 2:
        if (!read_mapping(in.message(), order)) return false;
        break;
      case 7 << 3:
        header.drop_frames = text(in.varint());
        break;
      case 8 << 3:
        header.keep_frames = text(in.varint());
        break;
      case 11 << 3 | 2: {
        std::uint64_t values[3] = {};
        PaddedReader type = in.message();
        read_numbers<2>(type, values);
        header.period_type = {text(values[1]), text(values[2])};
        break;
      }
      case 12 << 3:
        header.period = static_cast<std::int64_t>(in.varint());
        break;
      case 13 << 3:
        header.comments.push_back(text(in.varint()));
        break;
      case 13 << 3 | 2:
        for (PaddedReader packed = in.message(); packed.more();) {
          header.comments.push_back(text(packed.varint()));
        }
        break;
      case 14 << 3:
        header.default_sample_type = text(in.varint());
        break;
      case 15 << 3:
        header.doc_url = text(in.varint());
        break;
      default:
        break;
    }
  }
  if (!options.sample_type
           .empty()) {  // profiles of several kinds meet: what is not common to them says nothing
    header.period_type = {};
    header.period = 0;
    header.default_sample_type.clear();
  }
  return true;
}

bool Merger::Impl::read_mapping(PaddedReader in, std::uint64_t order) {
  std::uint64_t v[11] = {};
  read_numbers<10>(in, v);
  if (in.failed) return false;
  MergedMapping mapping{.start = v[2],
                        .limit = v[3],
                        .offset = v[4],
                        .file = string(v[5]),
                        .build_id = string(v[6]),
                        .order = order | mappings.size()};
  for (unsigned i = 0; i < 4; ++i) mapping.flags |= static_cast<std::uint8_t>((v[7 + i] != 0) << i);
  mappings.push(merged.intern_mapping(mapping));
  seen_mappings.push_back(mapping);
  return true;
}

MergedId Merger::Impl::function(std::uint64_t id) {
  const std::uint32_t at = index.function_ids().find(id);  // exists: the index has checked it
  if (functions[at] == kUnknown) {
    std::uint64_t v[6] = {};
    PaddedReader in(index.raw(), index.functions()[at]);
    read_numbers<5>(in, v);
    functions[at] =
        merged.intern_function({string(v[2]), string(v[3]), string(v[4]), static_cast<std::int64_t>(v[5])});
  }
  return functions[at];
}

MergedId Merger::Impl::location(std::uint32_t at) {
  if (locations[at] != kUnknown) return locations[at];
  const LocationEntry& entry = index.location_entries()[at];
  MergedLocation location{.offset = entry.address};
  const std::uint32_t mapping = index.mapping_ids().find(entry.mapping_id);
  if (mapping != IdTable::kNone) {
    location.mapping = mappings[mapping];
    location.offset -= index.mappings()[mapping].start;
  }
  lines.clear();
  PaddedReader in(index.raw(), index.locations()[at]);
  while (in.more()) {
    const std::uint64_t tag = short_tag(in);
    if (tag == (4 << 3 | 2)) {
      std::uint64_t v[4] = {};
      PaddedReader line = in.message();
      read_numbers<3>(line, v);
      lines.push_back({function(v[1]), static_cast<std::int64_t>(v[2]), static_cast<std::int64_t>(v[3])});
    } else if (tag == 5 << 3) {
      location.is_folded = in.varint() != 0;
    } else {
      in.skip(tag);
    }
  }
  return locations[at] = merged.intern_location(location, lines);
}

// `key`: the body of the only label when it is short, to be found again: Go's "bytes" repeats.
MergedId Merger::Impl::read_labels(bool& valid, std::uint64_t key, bool cacheable) {
  CachedLabel& cached = label_cache[key * 0x9e3779b97f4a7c15 >> 56];
  if (cacheable && cached.body == key) return cached.set;
  labels.clear();
  const std::uint64_t count = index.strings().size();
  for (const std::string_view body : label_bodies) {
    const auto* const from = reinterpret_cast<const std::uint8_t*>(body.data());
    PaddedReader in(from, from + body.size());
    std::uint64_t v[5] = {};
    read_numbers<4>(in, v);
    if (in.failed || v[1] >= count || v[2] >= count || v[4] >= count) {
      valid = false;
      return 0;
    }
    labels.push_back({string(v[1]), string(v[2]), string(v[4]), static_cast<std::int64_t>(v[3])});
  }
  // The order among keys means nothing, that of one key's values does.
  std::ranges::stable_sort(labels, {}, &MergedLabel::key);
  const MergedId set = merged.intern_labels(labels);
  if (cacheable) cached = {key, set};
  return set;
}

bool Merger::Impl::read_sample(std::uint32_t sample) {
  PaddedReader in(index.raw(), index.samples()[sample]);
  const auto first = static_cast<std::uint32_t>(ids.size());
  values.clear();
  label_bodies.clear();
  bool valid = true;
  const auto take_id = [&](std::uint64_t id) {
    const std::uint32_t at = index.location_ids().find(id);
    if (at == IdTable::kNone) {
      valid = false;
    } else {
      ids.push(locations[at] != kUnknown ? locations[at] : location(at));
    }
  };
  while (in.more()) {
    const std::uint64_t tag = short_tag(in);
    switch (tag) {
      case 1 << 3:
        take_id(in.varint());
        break;
      case 1 << 3 | 2: {
        PaddedReader packed = in.message();
        while (packed.more()) take_id(packed.short_varint());
        valid &= !packed.failed;
        break;
      }
      case 2 << 3:
        values.push(static_cast<std::int64_t>(in.varint()));
        break;
      case 2 << 3 | 2: {
        PaddedReader packed = in.message();
        while (packed.more()) values.push(static_cast<std::int64_t>(packed.varint()));
        valid &= !packed.failed;
        break;
      }
      case 3 << 3 | 2: {
        const PaddedReader label = in.message();
        label_bodies.emplace_back(reinterpret_cast<const char*>(label.at),
                                  static_cast<std::size_t>(label.end - label.at));
        break;
      }
      default:
        if (tag >> 3 <= 3) return false;
        in.skip(tag);
    }
  }
  if (in.failed || !valid || values.size() != columns.size()) return false;
  MergedId set = 0;
  if (!label_bodies.empty()) {
    const std::string_view only = label_bodies.front();
    const bool cacheable = label_bodies.size() == 1 && only.size() < 8 && !only.empty();
    std::uint64_t key = 0;
    if (cacheable)
      key = (load64(only.data()) & ((std::uint64_t{1} << 8 * only.size()) - 1)) | only.size() << 56;
    set = read_labels(valid, key, cacheable);
    if (!valid) return false;
  }
  bool any = false;
  for (std::uint32_t i = 0; i < columns.size(); ++i) any |= columns[i] != kSkip && values[i] != 0;
  if (!any) {
    ids.set_size(first);
    return true;
  }
  for (std::uint32_t i = 0; i < columns.size(); ++i) {
    if (columns[i] != kSkip) row_values.push(values[i]);
  }
  const auto size = static_cast<std::uint32_t>(ids.size() - first);
  rows.push({MergedProfile::stack_hash({ids.data() + first, size}, set), first, size, sample, set});
  return true;
}

bool Merger::Impl::read_samples() {
  const auto unknown = [](Scratch<MergedId>& table, std::size_t size) {
    table.reserve(size);
    std::fill_n(table.data(), size, kUnknown);
    table.set_size(size);
  };
  unknown(functions, index.functions().size());
  unknown(locations, index.locations().size());
  std::ranges::fill(label_cache, CachedLabel{});
  rows.clear();
  ids.clear();
  row_values.clear();
  for (std::uint32_t i = 0; i < index.samples().size(); ++i) {
    if (!read_sample(i)) return false;
  }
  return true;
}

void Merger::Impl::commit(std::uint32_t order, std::uint32_t side) {
  constexpr std::size_t kAhead = 8;
  const std::uint32_t types = merged.types();
  for (std::size_t i = 0; i < mappings.size(); ++i) merged.see_mapping(mappings[i], seen_mappings[i]);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size()) merged.stack_index_.prefetch(rows[i + kAhead].hash);
    const Row& row = rows[i];
    const MergedId stack = merged.intern_stack(row.hash, {ids.data() + row.first, row.count}, row.labels,
                                               std::uint64_t{order} << 32 | row.sample);
    const std::size_t at = stack * merged.width() + std::size_t{side} * types;
    for (std::uint32_t c = 0; c < types; ++c) merged.add_value(at + c, row_values[i * types + c]);
  }
}

Result<> Merger::Impl::add(std::string_view body, std::uint32_t order, std::uint32_t side) {
  INVAR_TRY(unpack(body));
  if (!index.build(reinterpret_cast<const std::uint8_t*>(raw.data()),
                   static_cast<std::uint32_t>(raw.size() - kPadding))) {
    return refuse();
  }
  INVAR_TRY(choose_columns());
  strings.reserve(index.strings().size());
  std::fill_n(strings.data(), index.strings().size(), kUnknown);
  strings.set_size(index.strings().size());
  const std::uint64_t order_base = std::uint64_t{order} << 32;
  if (!read_header(order_base) || !read_samples()) return refuse();
  INVAR_TRY(merged.join_header(header, order_base));
  commit(order, side);
  if (raw.capacity() > kKeptScratchBytes) {
    std::string().swap(raw);
    index.release();
  }
  return {};
}

}  // namespace invar::pprof
