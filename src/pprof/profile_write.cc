#include <unordered_map>

#include "codec/wire.h"
#include "pprof/profile.h"
#include "pprof/put_field.h"

namespace invar::pprof {
namespace {

using codec::wire::append_field;
using codec::wire::append_varint;

class StringTable {
 public:
  StringTable() { index_of(""); }
  std::uint64_t index_of(std::string_view text) {
    const auto [at, added] = index_.try_emplace(text, strings_.size());
    if (added) strings_.push_back(text);
    return at->second;
  }
  const std::vector<std::string_view>& strings() const { return strings_; }

 private:
  std::unordered_map<std::string_view, std::uint64_t> index_;
  std::vector<std::string_view> strings_;
};

template <class T>
void put_packed(std::string& out, std::uint32_t field, const std::vector<T>& numbers) {
  if (numbers.empty()) return;
  std::string packed;
  for (const T number : numbers) append_varint(packed, static_cast<std::uint64_t>(number));
  append_field(out, field, packed);
}

std::string value_type(const SampleType& type, StringTable& strings) {
  std::string out;
  put(out, 1, strings.index_of(type.type));
  put(out, 2, strings.index_of(type.unit));
  return out;
}

std::string message(const Sample& sample, StringTable& strings) {
  std::string out;
  put_packed(out, 1, sample.location_ids);
  put_packed(out, 2, sample.values);
  for (const SampleLabel& label : sample.labels) {
    std::string body;
    put(body, 1, strings.index_of(label.key));
    put(body, 2, strings.index_of(label.str));
    put_signed(body, 3, label.num);
    put(body, 4, strings.index_of(label.num_unit));
    append_field(out, 3, body);
  }
  return out;
}

std::string message(const Mapping& mapping, StringTable& strings) {
  std::string out;
  put(out, 1, mapping.id);
  put(out, 2, mapping.memory_start);
  put(out, 3, mapping.memory_limit);
  put(out, 4, mapping.file_offset);
  put(out, 5, strings.index_of(mapping.filename));
  put(out, 6, strings.index_of(mapping.build_id));
  put(out, 7, mapping.has_functions);
  put(out, 8, mapping.has_filenames);
  put(out, 9, mapping.has_line_numbers);
  put(out, 10, mapping.has_inline_frames);
  return out;
}

std::string message(const Location& location) {
  std::string out;
  put(out, 1, location.id);
  put(out, 2, location.mapping_id);
  put(out, 3, location.address);
  for (const Line& line : location.lines) {
    std::string body;
    put(body, 1, line.function_id);
    put_signed(body, 2, line.line);
    put_signed(body, 3, line.column);
    append_field(out, 4, body);
  }
  put(out, 5, location.is_folded);
  return out;
}

std::string message(const Function& function, StringTable& strings) {
  std::string out;
  put(out, 1, function.id);
  put(out, 2, strings.index_of(function.name));
  put(out, 3, strings.index_of(function.system_name));
  put(out, 4, strings.index_of(function.filename));
  put_signed(out, 5, function.start_line);
  return out;
}

}  // namespace

std::string serialize(const Profile& profile) {
  StringTable strings;
  std::string out;
  for (const SampleType& type : profile.sample_types) append_field(out, 1, value_type(type, strings));
  for (const Sample& sample : profile.samples) append_field(out, 2, message(sample, strings));
  for (const Mapping& mapping : profile.mappings) append_field(out, 3, message(mapping, strings));
  for (const Location& location : profile.locations) append_field(out, 4, message(location));
  for (const Function& function : profile.functions) append_field(out, 5, message(function, strings));
  put(out, 7, strings.index_of(profile.drop_frames));
  put(out, 8, strings.index_of(profile.keep_frames));
  put_signed(out, 9, profile.time_unix_ns);
  put_signed(out, 10, profile.duration_ns);
  if (profile.period_type != SampleType{}) append_field(out, 11, value_type(profile.period_type, strings));
  put_signed(out, 12, profile.period);
  std::vector<std::uint64_t> comments;
  comments.reserve(profile.comments.size());
  for (const std::string& comment : profile.comments) comments.push_back(strings.index_of(comment));
  put_packed(out, 13, comments);
  put(out, 14, strings.index_of(profile.default_sample_type));
  put(out, 15, strings.index_of(profile.doc_url));
  for (const std::string_view text : strings.strings()) append_field(out, 6, text);
  return out;
}

}  // namespace invar::pprof
