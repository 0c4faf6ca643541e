// The strict reader behind inspect() and parse(): the one definition of a valid profile in words.
// Accepted: records in any order, ids sparse or unsorted, repeated numbers packed or not, unknown fields,
// negative values, mapping ids without a mapping (as google/pprof does). A field of the wrong wire type is an
// error.
#include <fmt/format.h>

#include <array>
#include <initializer_list>

#include "codec/wire.h"
#include "pprof/foreign_format.h"
#include "pprof/id_table.h"
#include "pprof/limits.h"
#include "pprof/profile.h"

namespace invar::pprof {
namespace {

using codec::wire::Field;
using codec::wire::Type;
using Record = std::string_view;

std::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

class StrictReader {
 public:
  StrictReader(std::string_view raw, Profile* profile) : raw_(raw), profile_(profile) {}
  Result<Summary> read();

 private:
  // Calls `field_read(field)` for every field of a record; it returns a Result.
  template <class F>
  Result<> each_field(std::string_view what, std::size_t index, Record record, F field_read);
  Result<> expect(std::string_view what, std::size_t index, const Field& field, Type type);
  Result<std::string> text(std::string_view what, std::size_t index, std::uint64_t string);
  Result<SampleType> value_type(std::string_view what, std::size_t index, Record record);
  // A repeated number, packed or not: calls take(value) for each.
  template <class F>
  Result<> numbers(std::string_view what, std::size_t index, const Field& field, F take);

  Result<> collect();
  Result<> collect_header(const Field& field);
  Result<> read_header();
  Result<> read_mappings();
  Result<> read_functions();
  Result<> read_locations();
  Result<Line> read_line(std::size_t location, Record record);
  Result<> read_samples();
  Result<> read_sample(std::size_t index, Record record, Sample& sample);
  Result<SampleLabel> read_label(std::size_t sample, Record record);

  std::string_view raw_;
  Profile* profile_;  // null: check only
  Summary summary_;
  std::vector<Record> types_, samples_, mappings_, locations_, functions_, strings_, period_types_;
  std::vector<std::uint64_t> comments_;
  std::uint64_t drop_frames_ = 0, keep_frames_ = 0, default_type_ = 0, doc_url_ = 0;
  std::vector<std::pair<std::string_view, std::uint64_t>>
      header_strings_;  // each time that one of them was given
  std::int64_t period_ = 0;
  IdTable mapping_ids_, location_ids_, function_ids_;
};

Result<> StrictReader::expect(std::string_view what, std::size_t index, const Field& field, Type type) {
  if (field.type == type) return {};
  return bad(fmt::format("{} {}: field {} has wire type {}", what, index, field.number, int(field.type)));
}

template <class F>
Result<> StrictReader::each_field(std::string_view what, std::size_t index, Record record, F field_read) {
  codec::wire::Reader reader(record);
  Field field;
  while (reader.next(field)) INVAR_TRY(field_read(field));
  if (reader.error() != nullptr) return bad(fmt::format("{} {}: {}", what, index, reader.error()));
  return {};
}

template <class F>
Result<> StrictReader::numbers(std::string_view what, std::size_t index, const Field& field, F take) {
  if (field.type == Type::kVarint) {
    take(field.value);
    return {};
  }
  INVAR_TRY(expect(what, index, field, Type::kBytes));
  codec::wire::Reader packed(field.bytes);
  std::uint64_t value = 0;
  while (packed.varint(value)) take(value);
  if (packed.error() != nullptr) return bad(fmt::format("{} {}: {}", what, index, packed.error()));
  return {};
}

Result<std::string> StrictReader::text(std::string_view what, std::size_t index, std::uint64_t string) {
  if (string >= strings_.size()) {
    return bad(fmt::format("{} {}: invalid string index {}", what, index, static_cast<std::int64_t>(string)));
  }
  if (profile_ == nullptr) return std::string();
  return std::string(strings_[string]);
}

Result<SampleType> StrictReader::value_type(std::string_view what, std::size_t index, Record record) {
  std::uint64_t type = 0, unit = 0;
  INVAR_TRY(each_field(what, index, record, [&](const Field& field) -> Result<> {
    if (field.number > 2) return {};
    INVAR_TRY(expect(what, index, field, Type::kVarint));
    (field.number == 1 ? type : unit) = field.value;
    return {};
  }));
  INVAR_TRY(text(what, index, type));
  INVAR_TRY(text(what, index, unit));
  return SampleType{std::string(strings_[type]), std::string(strings_[unit])};
}

Result<> StrictReader::collect_header(const Field& field) {
  if (field.type != Type::kVarint) {
    return bad(fmt::format("field {} of the profile has wire type {}", field.number, int(field.type)));
  }
  switch (field.number) {
    case 7:
      drop_frames_ = field.value;
      header_strings_.emplace_back("drop_frames", field.value);
      break;
    case 8:
      keep_frames_ = field.value;
      header_strings_.emplace_back("keep_frames", field.value);
      break;
    case 9:
      summary_.time_unix_ns = static_cast<std::int64_t>(field.value);
      break;
    case 10:
      summary_.duration_ns = static_cast<std::int64_t>(field.value);
      break;
    case 12:
      period_ = static_cast<std::int64_t>(field.value);
      break;
    case 14:
      default_type_ = field.value;
      header_strings_.emplace_back("default_sample_type", field.value);
      break;
    default:
      doc_url_ = field.value;
      header_strings_.emplace_back("doc_url", field.value);
  }
  return {};
}

Result<> StrictReader::collect() {
  const std::array<std::pair<std::vector<Record>*, const char*>, 12> lists = {{
      {},
      {&types_, "sample types"},
      {&samples_, "samples"},
      {&mappings_, "mappings"},
      {&locations_, "locations"},
      {&functions_, "functions"},
      {&strings_, "strings"},
      {},
      {},
      {},
      {},
      {&period_types_, "period types"},
  }};
  codec::wire::Reader reader(raw_);
  Field field;
  while (reader.next(field)) {
    if (field.number < lists.size() && lists[field.number].first != nullptr) {
      auto& [list, name] = lists[field.number];
      INVAR_TRY(expect(name, list->size() + 1, field, Type::kBytes));
      if (list->size() == kMaxRecords) return bad(fmt::format("more than {} {}", kMaxRecords, name));
      list->push_back(field.bytes);
    } else if (field.number == 13) {
      INVAR_TRY(
          numbers("comment", comments_.size() + 1, field, [&](auto value) { comments_.push_back(value); }));
      if (comments_.size() > kMaxRecords) return bad(fmt::format("more than {} comments", kMaxRecords));
    } else if (field.number >= 7 && field.number <= 15) {
      INVAR_TRY(collect_header(field));
    }
  }
  if (reader.error() != nullptr) return bad(fmt::format("{} at byte {}", reader.error(), reader.offset()));
  return {};
}

Result<> StrictReader::read_header() {
  if (strings_.empty()) return bad("no string table");
  if (!strings_.front().empty()) return bad("string 0 is not empty");
  if (types_.empty()) return bad("no sample type");
  for (std::size_t i = 0; i < types_.size(); ++i) {
    INVAR_ASSIGN_OR_RETURN(SampleType type, value_type("sample type", i + 1, types_[i]));
    summary_.sample_types.push_back(std::move(type));
  }
  SampleType period_type;
  for (const Record& record : period_types_) {
    INVAR_ASSIGN_OR_RETURN(period_type, value_type("period type", 1, record));
  }
  for (const auto& [what, string] : header_strings_) INVAR_TRY(text(what, 1, string));
  INVAR_ASSIGN_OR_RETURN(std::string drop_frames, text("drop_frames", 1, drop_frames_));
  INVAR_ASSIGN_OR_RETURN(std::string keep_frames, text("keep_frames", 1, keep_frames_));
  INVAR_ASSIGN_OR_RETURN(std::string default_type, text("default_sample_type", 1, default_type_));
  INVAR_ASSIGN_OR_RETURN(std::string doc_url, text("doc_url", 1, doc_url_));
  std::vector<std::string> comments;
  for (std::size_t i = 0; i < comments_.size(); ++i) {
    INVAR_ASSIGN_OR_RETURN(std::string comment, text("comment", i + 1, comments_[i]));
    if (profile_ != nullptr) comments.push_back(std::move(comment));
  }
  if (profile_ == nullptr) return {};
  profile_->sample_types = summary_.sample_types;
  profile_->time_unix_ns = summary_.time_unix_ns;
  profile_->duration_ns = summary_.duration_ns;
  profile_->period_type = std::move(period_type);
  profile_->period = period_;
  profile_->comments = std::move(comments);
  profile_->default_sample_type = std::move(default_type);
  profile_->drop_frames = std::move(drop_frames);
  profile_->keep_frames = std::move(keep_frames);
  profile_->doc_url = std::move(doc_url);
  return {};
}

Result<> check_ids(std::string_view what, IdTable& ids) {
  if (ids.finish()) return {};
  return bad(fmt::format("{} {}: id is 0 or used twice", what, ids.bad_position() + 1));
}

Result<> StrictReader::read_mappings() {
  constexpr std::string_view kWhat = "mapping";
  for (std::size_t i = 0; i < mappings_.size(); ++i) {
    Mapping mapping;
    std::uint64_t filename = 0, build_id = 0;
    INVAR_TRY(each_field(kWhat, i + 1, mappings_[i], [&](const Field& field) -> Result<> {
      if (field.number > 10) return {};
      INVAR_TRY(expect(kWhat, i + 1, field, Type::kVarint));
      std::uint64_t* const numbers[] = {
          nullptr,   &mapping.id, &mapping.memory_start, &mapping.memory_limit, &mapping.file_offset,
          &filename, &build_id};
      bool* const flags[] = {&mapping.has_functions, &mapping.has_filenames, &mapping.has_line_numbers,
                             &mapping.has_inline_frames};
      if (field.number <= 6) {
        *numbers[field.number] = field.value;
      } else {
        *flags[field.number - 7] = field.value != 0;
      }
      return {};
    }));
    INVAR_ASSIGN_OR_RETURN(mapping.filename, text(kWhat, i + 1, filename));
    INVAR_ASSIGN_OR_RETURN(mapping.build_id, text(kWhat, i + 1, build_id));
    mapping_ids_.add(mapping.id);
    if (profile_ != nullptr) profile_->mappings.push_back(std::move(mapping));
  }
  return check_ids(kWhat, mapping_ids_);
}

Result<> StrictReader::read_functions() {
  constexpr std::string_view kWhat = "function";
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    std::uint64_t values[6] = {};
    INVAR_TRY(each_field(kWhat, i + 1, functions_[i], [&](const Field& field) -> Result<> {
      if (field.number > 5) return {};
      INVAR_TRY(expect(kWhat, i + 1, field, Type::kVarint));
      values[field.number] = field.value;
      return {};
    }));
    Function function{.id = values[1], .start_line = static_cast<std::int64_t>(values[5])};
    INVAR_ASSIGN_OR_RETURN(function.name, text(kWhat, i + 1, values[2]));
    INVAR_ASSIGN_OR_RETURN(function.system_name, text(kWhat, i + 1, values[3]));
    INVAR_ASSIGN_OR_RETURN(function.filename, text(kWhat, i + 1, values[4]));
    function_ids_.add(function.id);
    if (profile_ != nullptr) profile_->functions.push_back(std::move(function));
  }
  return check_ids(kWhat, function_ids_);
}

Result<Line> StrictReader::read_line(std::size_t location, Record record) {
  Line line;
  INVAR_TRY(each_field("location", location, record, [&](const Field& field) -> Result<> {
    if (field.number > 3) return {};
    INVAR_TRY(expect("line of location", location, field, Type::kVarint));
    if (field.number == 1) line.function_id = field.value;
    if (field.number == 2) line.line = static_cast<std::int64_t>(field.value);
    if (field.number == 3) line.column = static_cast<std::int64_t>(field.value);
    return {};
  }));
  if (function_ids_.find(line.function_id) == IdTable::kNone) {
    return bad(fmt::format("location {}: invalid function id {}", location, line.function_id));
  }
  return line;
}

Result<> StrictReader::read_locations() {
  constexpr std::string_view kWhat = "location";
  for (std::size_t i = 0; i < locations_.size(); ++i) {
    Location location;
    INVAR_TRY(each_field(kWhat, i + 1, locations_[i], [&](const Field& field) -> Result<> {
      if (field.number > 5) return {};
      if (field.number == 4) {
        INVAR_TRY(expect(kWhat, i + 1, field, Type::kBytes));
        INVAR_ASSIGN_OR_RETURN(const Line line, read_line(i + 1, field.bytes));
        if (profile_ != nullptr) location.lines.push_back(line);
        return {};
      }
      INVAR_TRY(expect(kWhat, i + 1, field, Type::kVarint));
      if (field.number == 1) location.id = field.value;
      if (field.number == 2) location.mapping_id = field.value;
      if (field.number == 3) location.address = field.value;
      if (field.number == 5) location.is_folded = field.value != 0;
      return {};
    }));
    location_ids_.add(location.id);
    if (profile_ != nullptr) profile_->locations.push_back(std::move(location));
  }
  return check_ids(kWhat, location_ids_);
}

Result<SampleLabel> StrictReader::read_label(std::size_t sample, Record record) {
  std::uint64_t values[5] = {};
  INVAR_TRY(each_field("label of sample", sample, record, [&](const Field& field) -> Result<> {
    if (field.number > 4) return {};
    INVAR_TRY(expect("label of sample", sample, field, Type::kVarint));
    values[field.number] = field.value;
    return {};
  }));
  SampleLabel label{.num = static_cast<std::int64_t>(values[3])};
  INVAR_ASSIGN_OR_RETURN(label.key, text("label of sample", sample, values[1]));
  INVAR_ASSIGN_OR_RETURN(label.str, text("label of sample", sample, values[2]));
  INVAR_ASSIGN_OR_RETURN(label.num_unit, text("label of sample", sample, values[4]));
  return label;
}

Result<> StrictReader::read_sample(std::size_t index, Record record, Sample& sample) {
  constexpr std::string_view kWhat = "sample";
  sample.location_ids.clear();
  sample.values.clear();
  sample.labels.clear();
  INVAR_TRY(each_field(kWhat, index, record, [&](const Field& field) -> Result<> {
    switch (field.number) {
      case 1:
        return numbers(kWhat, index, field, [&](auto id) { sample.location_ids.push_back(id); });
      case 2:
        return numbers(kWhat, index, field,
                       [&](auto value) { sample.values.push_back(static_cast<std::int64_t>(value)); });
      case 3: {
        INVAR_TRY(expect(kWhat, index, field, Type::kBytes));
        INVAR_ASSIGN_OR_RETURN(SampleLabel label, read_label(index, field.bytes));
        if (profile_ != nullptr) sample.labels.push_back(std::move(label));
        return {};
      }
      default:
        return {};
    }
  }));
  for (const std::uint64_t id : sample.location_ids) {
    if (location_ids_.find(id) == IdTable::kNone) {
      return bad(fmt::format("sample {}: invalid location index {}", index, id));
    }
  }
  if (sample.values.size() != types_.size()) {
    return bad(fmt::format("sample {}: number of values is {}, number of sample types {}", index,
                           sample.values.size(), types_.size()));
  }
  return {};
}

Result<> StrictReader::read_samples() {
  Sample sample;
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    INVAR_TRY(read_sample(i + 1, samples_[i], sample));
    for (const std::int64_t value : sample.values) summary_.any_positive_value |= value > 0;
    if (profile_ != nullptr) profile_->samples.push_back(sample);
  }
  summary_.samples = samples_.size();
  return {};
}

Result<Summary> StrictReader::read() {
  if (raw_.size() > kMaxRawBytes) return bad("profile of more than 2 GiB");
  summary_.raw_bytes = raw_.size();
  INVAR_TRY(collect());
  INVAR_TRY(read_header());
  INVAR_TRY(read_mappings());
  INVAR_TRY(read_functions());
  INVAR_TRY(read_locations());
  INVAR_TRY(read_samples());
  return std::move(summary_);
}

}  // namespace

Result<Summary> inspect(std::string_view raw) {
  Result<Summary> summary = StrictReader(raw, nullptr).read();
  if (summary) return summary;
  if (const std::string_view known = foreign_format(raw); !known.empty())
    return fail(ErrorCode::kInvalidArgument, std::string(known));
  return summary;
}

Result<Profile> parse(std::string_view raw) {
  Profile profile;
  INVAR_TRY(StrictReader(raw, &profile).read());
  return profile;
}

}  // namespace invar::pprof
