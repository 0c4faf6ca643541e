#include <algorithm>
#include <numeric>

#include "codec/wire.h"
#include "pprof/merged_profile.h"
#include "pprof/put_field.h"

namespace invar::pprof {
namespace {

using codec::wire::append_field;
using codec::wire::append_varint;

// Ids in the profile: 1, 2, 3 … in the order of first use.
class Numbering {
 public:
  explicit Numbering(std::size_t size) : number_(size, 0) {}
  std::uint32_t operator()(MergedId id) {
    if (number_[id] == 0) {
      used_.push_back(id);
      number_[id] = static_cast<std::uint32_t>(used_.size());
    }
    return number_[id];
  }
  [[nodiscard]] const std::vector<MergedId>& used() const { return used_; }

 private:
  std::vector<std::uint32_t> number_;
  std::vector<MergedId> used_;
};

}  // namespace

class MergedWriter {
 public:
  explicit MergedWriter(const MergedProfile& profile)
      : p_(profile),
        strings_(profile.strings_.size()),
        functions_(profile.functions_.size()),
        mappings_(profile.mappings_.size()),
        locations_(profile.locations_.size()) {}

  std::string write() {
    write_types();
    std::string header = header_fields();  // first, so that the number of its strings is known
    number_mappings();
    write_samples();
    for (const MergedId id : locations_.used()) write_location(p_.locations_[id]);
    for (const MergedId id : mappings_.used()) write_mapping(p_.mappings_[id]);
    for (const MergedId id : functions_.used()) write_function(p_.functions_[id]);
    out_ += header;
    append_field(out_, 6, std::string_view());
    for (const std::string_view text : header_strings_) append_field(out_, 6, text);
    for (const MergedId id : strings_.used()) append_field(out_, 6, p_.string(id));
    return std::move(out_);
  }

 private:
  // String 0 is the empty one, then those of the header, then those of the tables.
  std::uint64_t header_string(std::string_view text) {
    if (text.empty()) return 0;
    const auto at = std::ranges::find(header_strings_, text);
    if (at == header_strings_.end()) header_strings_.push_back(text);
    return static_cast<std::uint64_t>(std::ranges::find(header_strings_, text) - header_strings_.begin()) + 1;
  }
  std::uint64_t string(MergedId id) {
    return p_.string(id).empty() ? 0 : header_strings_.size() + strings_(id);
  }

  std::string value_type(const SampleType& type) {
    std::string body;
    put(body, 1, header_string(type.type));
    put(body, 2, header_string(type.unit));
    return body;
  }
  void write_types() {
    for (const SampleType& type : p_.header_.sample_types) append_field(out_, 1, value_type(type));
  }

  std::string header_fields() {
    const MergedHeader& header = p_.header_;
    std::string out;
    put(out, 7, header_string(header.drop_frames));
    put(out, 8, header_string(header.keep_frames));
    put_signed(out, 9, header.time_unix_ns);
    put_signed(out, 10, header.duration_ns);
    if (header.period_type != SampleType{}) append_field(out, 11, value_type(header.period_type));
    put_signed(out, 12, header.period);
    for (const std::string& comment : header.comments) append_field(out, 13, header_string(comment));
    put(out, 14, header_string(header.default_sample_type));
    put(out, 15, header_string(header.doc_url));
    return out;
  }

  // In the order of their appearance; the first is the main program's and stays even when nothing refers to it.
  void number_mappings() {
    std::vector<bool> used(p_.mappings_.size());
    for (const MergedStack& stack : p_.stacks_) {
      for (const MergedId id : p_.locations_of(stack)) {
        if (p_.locations_[id].mapping != HashIndex::kNone) used[p_.locations_[id].mapping] = true;
      }
    }
    std::vector<MergedId> order(p_.mappings_.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {}, [this](MergedId id) { return p_.mappings_[id].order; });
    for (const MergedId id : order) {
      const bool main = id == order.front() && p_.mappings_[id].order != MergedMapping::kNotSeen;
      if (main || used[id]) mappings_(id);
    }
  }

  void write_samples() {
    std::vector<MergedId> order(p_.stacks_.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, {}, [this](MergedId id) { return p_.stacks_[id].order; });
    std::vector<std::int64_t> values(p_.types());
    std::string body, packed;
    for (const MergedId id : order) {
      if (!net_values(id, values)) continue;
      const MergedStack& stack = p_.stacks_[id];
      body.clear();
      packed.clear();
      for (const MergedId location : p_.locations_of(stack)) append_varint(packed, locations_(location));
      if (!packed.empty()) append_field(body, 1, packed);
      packed.clear();
      for (const std::int64_t value : values) append_varint(packed, static_cast<std::uint64_t>(value));
      append_field(body, 2, packed);
      for (const MergedLabel& label : p_.labels_of(stack)) {
        packed.clear();
        put(packed, 1, string(label.key));
        put(packed, 2, string(label.str));
        put_signed(packed, 3, label.num);
        put(packed, 4, string(label.num_unit));
        append_field(body, 3, packed);
      }
      append_field(out_, 2, body);
    }
  }

  // What the sides leave together. False: nothing.
  bool net_values(MergedId stack, std::vector<std::int64_t>& values) const {
    const auto all = p_.values(stack);
    bool any = false;
    for (std::uint32_t type = 0; type < p_.types(); ++type) {
      values[type] = p_.net(all, type);
      any |= values[type] != 0;
    }
    return any;
  }

  void write_location(const MergedLocation& location) {
    std::string body, line_body;
    append_field(body, 1, ++location_number_);
    if (location.mapping != HashIndex::kNone) append_field(body, 2, mappings_(location.mapping));
    put(body, 3, p_.address_of(location));
    for (const MergedLine& line : p_.lines_of(location)) {
      line_body.clear();
      put(line_body, 1, functions_(line.function));
      put_signed(line_body, 2, line.line);
      put_signed(line_body, 3, line.column);
      append_field(body, 4, line_body);
    }
    put(body, 5, location.is_folded);
    append_field(out_, 4, body);
  }

  void write_mapping(const MergedMapping& mapping) {
    std::string body;
    append_field(body, 1, ++mapping_number_);
    put(body, 2, mapping.start);
    put(body, 3, mapping.limit);
    put(body, 4, mapping.offset);
    put(body, 5, string(mapping.file));
    put(body, 6, string(mapping.build_id));
    for (unsigned i = 0; i < 4; ++i) put(body, 7 + i, mapping.flags >> i & 1u);
    append_field(out_, 3, body);
  }

  void write_function(const MergedFunction& function) {
    std::string body;
    append_field(body, 1, ++function_number_);
    put(body, 2, string(function.name));
    put(body, 3, string(function.system_name));
    put(body, 4, string(function.file));
    put_signed(body, 5, function.start_line);
    append_field(out_, 5, body);
  }

  const MergedProfile& p_;
  std::string out_;
  std::vector<std::string_view> header_strings_;
  Numbering strings_, functions_, mappings_, locations_;
  std::uint64_t location_number_ = 0, mapping_number_ = 0, function_number_ = 0;
};

std::string MergedProfile::serialize() const {
  return MergedWriter(*this).write();
}

}  // namespace invar::pprof
