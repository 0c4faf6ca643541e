#include "pprof/edit.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "codec/wire.h"

namespace invar::pprof {
namespace {

using codec::wire::Field;
using codec::wire::Reader;
using codec::wire::Type;

// Field numbers of google/pprof's Profile, Sample, Label and ValueType.
constexpr std::uint32_t kSampleType = 1, kSample = 2, kStringTable = 6, kDefaultSampleType = 14;
constexpr std::uint32_t kValue = 2, kLabel = 3;
constexpr std::uint32_t kLabelKey = 1, kLabelText = 2, kLabelNumber = 3;
constexpr std::uint32_t kTypeName = 1;

std::unexpected<Error> invalid(const char* why) {
  return fail(ErrorCode::kInvalidArgument, std::string("cannot edit the profile: ") + why);
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

struct LabelValue {
  std::string_view text;  // the number's digits are made when it is promoted
  std::int64_t number = 0;
  bool operator==(const LabelValue&) const = default;
};

// One key of `promote_labels` on its way through the samples.
struct Candidate {
  std::optional<LabelValue> value;  // of the samples so far
  bool constant = true;
  unsigned seen = 0;  // in the present sample
};

class Editor {
 public:
  Editor(std::string_view raw, const EditPlan& plan)
      : raw_(raw), plan_(plan), candidates_(plan.promote_labels.size()) {}

  Result<Edited> run() {
    INVAR_TRY(look());
    if (kept_columns_ == 0) {
      edited_.changed = edited_.nothing_left = true;
      return std::move(edited_);
    }
    INVAR_TRY(copy());
    if (samples_ > 0)
      for (std::size_t i = 0; i < candidates_.size(); ++i)
        if (candidates_[i].constant && candidates_[i].value)
          edited_.promoted.emplace_back(plan_.promote_labels[i], shown(*candidates_[i].value));
    edited_.nothing_left = edited_.changed && kept_samples_ == 0;
    if (!edited_.changed) out_.clear();
    edited_.raw = std::move(out_);
    return std::move(edited_);
  }

 private:
  enum Mark : std::uint8_t { kRemove = 1, kPromote = 2 };

  static std::string shown(const LabelValue& value) {
    return value.text.empty() ? std::to_string(value.number) : std::string(value.text);
  }

  std::string_view text(std::uint64_t index) const {
    return index < strings_.size() ? strings_[index] : std::string_view();
  }

  bool keeps(std::string_view sample_type) const {
    return (plan_.keep_sample_types.empty() || contains(plan_.keep_sample_types, sample_type)) &&
           !contains(plan_.drop_sample_types, sample_type);
  }

  // The string table, which stands behind the samples as a rule, and what it says of the sample types.
  Result<> look() {
    std::vector<std::uint64_t> types;
    Reader reader(raw_);
    for (Field field; reader.next(field);) {
      if (field.type != Type::kBytes) continue;
      if (field.number == kStringTable) strings_.push_back(field.bytes);
      if (field.number != kSampleType) continue;
      types.push_back(0);
      Reader inner(field.bytes);
      for (Field part; inner.next(part);)
        if (part.number == kTypeName && part.type == Type::kVarint) types.back() = part.value;
    }
    if (reader.error()) return invalid(reader.error());
    for (const std::uint64_t type : types) {
      keep_column_.push_back(keeps(text(type)));
      kept_columns_ += keep_column_.back() ? 1 : 0;
    }
    dropping_ = kept_columns_ < types.size();
    marks_.resize(strings_.size());
    for (std::size_t i = 0; i < strings_.size(); ++i) {
      if (contains(plan_.remove_labels, strings_[i])) marks_[i] |= kRemove;
      if (contains(plan_.promote_labels, strings_[i])) marks_[i] |= kPromote;
    }
    edited_.changed = dropping_;
    return {};
  }

  Result<> copy() {
    out_.reserve(raw_.size());
    Reader reader(raw_);
    std::size_t column = 0;
    std::size_t from = 0;
    for (Field field; reader.next(field); from = reader.offset()) {
      const std::string_view whole = raw_.substr(from, reader.offset() - from);
      if (field.number == kSample && field.type == Type::kBytes) {
        INVAR_TRY(copy_sample(field.bytes, whole));
      } else if (field.number == kSampleType && field.type == Type::kBytes) {
        if (keep_column_[column++]) out_ += whole;
      } else if (field.number == kDefaultSampleType && field.type == Type::kVarint && dropping_ &&
                 !keeps(text(field.value))) {
        continue;  // of a type that is gone
      } else {
        out_ += whole;
      }
    }
    return {};
  }

  Result<> copy_sample(std::string_view sample, std::string_view whole) {
    ++samples_;
    body_.clear();
    values_.clear();
    bool differs = dropping_;
    Reader reader(sample);
    std::size_t from = 0;
    for (Field field; reader.next(field); from = reader.offset()) {
      const std::string_view bytes = sample.substr(from, reader.offset() - from);
      if (field.number == kValue && field.type == Type::kVarint) {
        values_.push_back(field.value);
        if (dropping_) continue;
      } else if (field.number == kValue && field.type == Type::kBytes) {
        Reader packed(field.bytes);
        for (std::uint64_t value = 0; packed.varint(value);) values_.push_back(value);
        if (packed.error()) return invalid(packed.error());
        if (dropping_) continue;
      } else if (field.number == kLabel && field.type == Type::kBytes && read_label(field.bytes)) {
        differs = true;
        continue;
      }
      body_ += bytes;
    }
    if (reader.error()) return invalid(reader.error());
    end_sample();
    if (values_.size() != keep_column_.size()) return invalid("a sample with too few or too many values");
    if (!differs) {
      out_ += whole;
      ++kept_samples_;
      return {};
    }
    edited_.changed = true;
    if (dropping_) {
      packed_.clear();
      bool any = false;
      for (std::size_t i = 0; i < values_.size(); ++i) {
        if (!keep_column_[i]) continue;
        codec::wire::append_varint(packed_, values_[i]);
        any = any || values_[i] != 0;
      }
      if (!any) return {};  // it was a sample of the other types only
      codec::wire::append_field(body_, kValue, packed_);
    }
    codec::wire::append_field(out_, kSample, body_);
    ++kept_samples_;
    return {};
  }

  // True when the label goes.
  bool read_label(std::string_view label) {
    std::uint64_t key = 0, text_index = 0;
    LabelValue value;
    Reader reader(label);
    for (Field field; reader.next(field);) {
      if (field.type != Type::kVarint) continue;
      if (field.number == kLabelKey) key = field.value;
      if (field.number == kLabelText) text_index = field.value;
      if (field.number == kLabelNumber) value.number = static_cast<std::int64_t>(field.value);
    }
    const std::uint8_t mark = key < marks_.size() ? marks_[key] : 0;
    if (mark & kPromote) {
      value.text = text(text_index);
      const auto at = std::ranges::find(plan_.promote_labels, text(key)) - plan_.promote_labels.begin();
      Candidate& candidate = candidates_[static_cast<std::size_t>(at)];
      ++candidate.seen;
      if (candidate.value && *candidate.value != value) candidate.constant = false;
      candidate.value = value;
    }
    return (mark & kRemove) != 0;
  }

  void end_sample() {
    for (Candidate& candidate : candidates_) {
      if (candidate.seen != 1) candidate.constant = false;
      candidate.seen = 0;
    }
  }

  const std::string_view raw_;
  const EditPlan& plan_;
  std::vector<std::string_view> strings_;
  std::vector<std::uint8_t> marks_;  // of the strings, which are keys of labels
  std::vector<bool> keep_column_;
  std::size_t kept_columns_ = 0;
  bool dropping_ = false;
  std::vector<Candidate> candidates_;
  std::uint64_t samples_ = 0, kept_samples_ = 0;
  std::vector<std::uint64_t> values_;
  std::string body_, packed_, out_;
  Edited edited_;
};

}  // namespace

Result<Edited> edit(std::string_view raw, const EditPlan& plan) {
  return Editor(raw, plan).run();
}

}  // namespace invar::pprof
