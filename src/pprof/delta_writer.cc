#include "pprof/delta_writer.h"

#include <cstring>

namespace invar::pprof {
namespace {

constexpr std::uint8_t kSampleTag = 2 << 3 | 2, kLocationTag = 4 << 3 | 2, kFunctionTag = 5 << 3 | 2,
                       kStringTag = 6 << 3 | 2;
constexpr std::uint8_t kPackedValuesTag = 2 << 3 | 2;
constexpr std::uint8_t kDurationTag = 10 << 3;

// Measured on the captured profiles, see docs/benchmarks/delta.md.
constexpr std::uint64_t kReferencesPerLocation = 8;  // from here on nearly all locations are used
constexpr double kRowsShare = 0.9;

bool pruning_pays(const ProfileIndex& index, const DeltaRows& rows) {
  const std::uint64_t emitted = rows.emitted().size();
  if (emitted == 0) return true;
  const double references_out = static_cast<double>(rows.references()) * static_cast<double>(emitted) /
                                static_cast<double>(index.samples().size());
  return references_out < static_cast<double>(kReferencesPerLocation * index.locations().size()) &&
         static_cast<double>(emitted) < kRowsShare * rows.count();
}

// Where the record of this body starts: its tag byte has no continuation bit, its length may have several.
std::uint32_t record_start(const std::uint8_t* raw, Span body) {
  std::uint32_t at = body.offset - 1;
  while (raw[at - 1] & 0x80) --at;
  return at - 1;
}

[[gnu::always_inline]] inline std::uint8_t* write_length(std::uint8_t* out, std::uint32_t length) {
  if (length < 0x80) [[likely]] {
    *out = static_cast<std::uint8_t>(length);
    return out + 1;
  }
  return write_varint(out, length);
}

}  // namespace

std::string_view DeltaWriter::write(const ProfileIndex& index, const DeltaRows& rows,
                                    std::optional<std::int64_t> duration_ns, Pruning pruning) {
  index_ = &index;
  rows_ = &rows;
  const std::size_t emitted = rows.emitted().size();
  // Everything of the input, and for each row new values of 10 bytes at most with their headers.
  out_.reserve(index.size() + emitted * (std::size_t{10} * index.columns() + 24) + 512);
  at_ = out_.data();
  const bool prune =
      pruning == Pruning::kAlways || (pruning == Pruning::kWhereItPays && pruning_pays(index, rows));
  if (prune) {
    used_locations_.fill_zero(index.locations().size());
    used_functions_.fill_zero(index.functions().size());
    used_strings_.fill_zero(index.strings().size());
    write_samples_marking();
    copy_used(duration_ns.has_value());
  } else {
    write_samples_raw();
    copy_all_but_samples(duration_ns.has_value());
  }
  if (duration_ns) {
    *at_++ = kDurationTag;
    at_ = write_varint(at_, static_cast<std::uint64_t>(*duration_ns));
  }
  out_.set_size(static_cast<std::size_t>(at_ - out_.data()));
  return {reinterpret_cast<const char*>(out_.data()), out_.size()};
}

void DeltaWriter::copy(const std::uint8_t* from, std::size_t size) {
  copy_loose(at_, from, size);
  at_ += size;
}

void DeltaWriter::put_record(std::uint8_t tag, Span body) {
  *at_++ = tag;
  at_ = write_length(at_, body.size);
  copy(index_->raw() + body.offset, body.size);
}

std::uint32_t DeltaWriter::value_bytes(std::uint32_t row) const {
  const std::int64_t* const values = rows_->values(row);
  std::uint32_t bytes = 0;
  for (std::uint32_t i = 0; i < index_->columns(); ++i)
    bytes += varint_size(static_cast<std::uint64_t>(values[i]));
  return bytes;
}

void DeltaWriter::put_values(std::uint32_t row, std::uint32_t value_bytes) {
  const std::int64_t* const values = rows_->values(row);
  std::uint8_t* at = at_;
  *at++ = kPackedValuesTag;
  at = write_length(at, value_bytes);
  for (std::uint32_t i = 0; i < index_->columns(); ++i)
    at = write_varint(at, static_cast<std::uint64_t>(values[i]));
  at_ = at;
}

// What stands before the values, the new values, what stands behind them.
void DeltaWriter::write_samples_raw() {
  const std::uint8_t* const raw = index_->raw();
  for (const std::uint32_t row : rows_->emitted()) {
    const RowOrigin& origin = rows_->origin(row);
    if (origin.values_begin == RowOrigin::kIrregular) [[unlikely]] {
      write_sample_in_pieces(row);
      continue;
    }
    const Span sample = index_->samples()[origin.sample];
    const std::uint32_t bytes = value_bytes(row);
    const std::uint32_t rest = sample.size - (origin.values_end - origin.values_begin);
    *at_++ = kSampleTag;
    at_ = write_length(at_, 1 + varint_size(bytes) + bytes + rest);
    if (origin.values_begin > 0) copy(raw + sample.offset, origin.values_begin);
    put_values(row, bytes);
    if (sample.size > origin.values_end)
      copy(raw + sample.offset + origin.values_end, sample.size - origin.values_end);
  }
}

// A sample whose value fields lie apart: they are left out one by one and the new values stand first.
void DeltaWriter::write_sample_in_pieces(std::uint32_t row) {
  const Span sample = index_->samples()[rows_->origin(row).sample];
  const auto each_kept_field = [&](auto take) {
    PaddedReader in(index_->raw(), sample);
    while (in.more()) {
      const std::uint8_t* const field = in.at;
      const std::uint64_t tag = in.tag();
      in.skip(tag);
      if (tag >> 3 != 2) take(field, static_cast<std::uint32_t>(in.at - field));
    }
  };
  std::uint32_t rest = 0;
  each_kept_field([&](const std::uint8_t*, std::uint32_t size) { rest += size; });
  const std::uint32_t bytes = value_bytes(row);
  *at_++ = kSampleTag;
  at_ = write_length(at_, 1 + varint_size(bytes) + bytes + rest);
  put_values(row, bytes);
  each_kept_field([&](const std::uint8_t* field, std::uint32_t size) { copy(field, size); });
}

void DeltaWriter::write_samples_marking() {
  write_samples_raw();
  for (const std::uint32_t row : rows_->emitted()) mark_sample(index_->samples()[rows_->origin(row).sample]);
}

void DeltaWriter::mark_sample(Span sample) {
  const IdTable& ids = index_->location_ids();
  PaddedReader in(index_->raw(), sample);
  while (in.more()) {
    switch (const std::uint64_t tag = in.tag()) {
      case 1 << 3:
        used_locations_[ids.find(in.varint())] = 1;
        break;
      case 1 << 3 | 2: {
        PaddedReader packed = in.message();
        while (packed.more()) used_locations_[ids.find(packed.varint())] = 1;
        break;
      }
      case 3 << 3 | 2: {
        PaddedReader label = in.message();
        std::uint64_t values[5] = {};
        read_numbers<4>(label, values);
        used_strings_[values[1]] = used_strings_[values[2]] = used_strings_[values[4]] = 1;
        break;
      }
      default:
        in.skip(tag);
    }
  }
}

void DeltaWriter::copy_all_but_samples(bool without_durations) {
  const std::uint8_t* const raw = index_->raw();
  const Scratch<Span>& durations = index_->durations();
  std::uint32_t at = 0;
  std::size_t cut = without_durations ? 0 : durations.size();
  const auto copy_until = [&](std::uint32_t end) {
    for (; cut < durations.size() && durations[cut].offset < end; ++cut) {
      std::memcpy(at_, raw + at, durations[cut].offset - at);
      at_ += durations[cut].offset - at;
      at = durations[cut].offset + durations[cut].size;
    }
    if (at == end) return;
    std::memcpy(at_, raw + at, end - at);
    at_ += end - at;
  };
  for (const Span& sample : index_->samples()) {
    // Two or three bytes are the sample's own tag and length; with a record before it there would be four.
    if (sample.offset - at > 3) copy_until(record_start(raw, sample));
    at = sample.offset + sample.size;
  }
  copy_until(index_->size());
}

void DeltaWriter::copy_used(bool without_durations) {
  const std::uint8_t* const raw = index_->raw();
  for (const std::uint64_t string : index_->header_strings()) used_strings_[string] = 1;
  for (const Span& record : index_->others()) copy(raw + record.offset, record.size);
  if (!without_durations) {
    for (const Span& record : index_->durations()) copy(raw + record.offset, record.size);
  }
  for (std::size_t i = 0; i < index_->locations().size(); ++i) {
    if (!used_locations_[i]) continue;
    const Span location = index_->locations()[i];
    put_record(kLocationTag, location);
    PaddedReader in(raw, location);
    while (in.more()) {
      const std::uint64_t tag = in.tag();
      if (tag != (4 << 3 | 2)) {
        in.skip(tag);
        continue;
      }
      PaddedReader line = in.message();
      std::uint64_t values[4] = {};
      read_numbers<3>(line, values);
      used_functions_[index_->function_ids().find(values[1])] = 1;
    }
  }
  for (std::size_t i = 0; i < index_->functions().size(); ++i) {
    if (!used_functions_[i]) continue;
    const Span function = index_->functions()[i];
    put_record(kFunctionTag, function);
    PaddedReader in(raw, function);
    std::uint64_t values[6] = {};
    read_numbers<5>(in, values);
    used_strings_[values[2]] = used_strings_[values[3]] = used_strings_[values[4]] = 1;
  }
  for (std::size_t i = 0; i < index_->strings().size(); ++i) {
    put_record(kStringTag, used_strings_[i] ? index_->strings()[i] : Span{});
  }
}

std::size_t DeltaWriter::held_bytes() const {
  return out_.held_bytes() + used_locations_.held_bytes() + used_functions_.held_bytes() +
         used_strings_.held_bytes();
}

void DeltaWriter::release() {
  out_.release();
  used_locations_.release();
  used_functions_.release();
  used_strings_.release();
}

}  // namespace invar::pprof
