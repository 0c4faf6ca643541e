#include "jfr/metadata.h"

#include <algorithm>
#include <charconv>

#include "jfr/limits.h"
#include "jfr/text.h"

namespace invar::jfr {
namespace {

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

// root > metadata > class > field; what else there is (annotations, settings, regions) is stepped over.
class TreeReader {
 public:
  TreeReader(Cursor& in, std::vector<std::string> strings) : in_(in), strings_(std::move(strings)) {}

  Result<std::vector<Class>> read() {
    read_element(0);
    if (too_large_) return fail(ErrorCode::kResourceExhausted, "the metadata of a chunk are too large");
    if (in_.failed()) return fail(ErrorCode::kDataLoss, "the metadata of a chunk are damaged");
    return std::move(classes_);
  }

 private:
  void read_element(unsigned depth) {  // NOLINT(misc-no-recursion): depth is bounded
    if (depth > kMaxNesting) return in_.fail();
    const std::string_view name = string();
    if (name == "class") {
      classes_.emplace_back();
      too_large_ |= classes_.size() > kMaxClasses;
      read_attributes([&](std::string_view key, std::string_view value) {
        if (key == "id") classes_.back().id = number(value);
        if (key == "name") classes_.back().name = value;
      });
    } else if (name == "field" && !classes_.empty()) {
      too_large_ |= ++fields_ > kMaxFields;
      Field field;
      read_attributes([&](std::string_view key, std::string_view value) {
        if (key == "name") field.name = value;
        if (key == "class") field.class_id = number(value);
        if (key == "constantPool") field.pooled = value == "true";
        if (key == "dimension") field.array = value == "1";
      });
      classes_.back().fields.push_back(std::move(field));
    } else {
      read_attributes([](std::string_view, std::string_view) {});
    }
    for (std::uint64_t children = in_.varint(); children > 0 && !stopped(); --children) {
      read_element(depth + 1);
    }
  }

  template <class Each>
  void read_attributes(Each each) {
    for (std::uint64_t count = in_.varint(); count > 0 && !stopped(); --count) {
      const std::string_view key = string();
      each(key, string());
    }
  }

  std::string_view string() {
    const std::uint64_t index = in_.varint();
    if (index < strings_.size()) return strings_[index];
    in_.fail();
    return {};
  }

  [[nodiscard]] bool stopped() const { return in_.failed() || too_large_; }

  Cursor& in_;
  const std::vector<std::string> strings_;
  std::vector<Class> classes_;
  std::size_t fields_ = 0;
  bool too_large_ = false;
};

}  // namespace

Result<Metadata> Metadata::parse(Cursor event) {
  for (int i = 0; i < 3; ++i) event.varint();  // start, duration, id
  const std::uint64_t count = event.varint();
  if (count > kMaxMetadataStrings) {
    return fail(ErrorCode::kResourceExhausted, "the metadata of a chunk have too many names");
  }
  std::vector<std::string> strings;
  for (std::uint64_t i = 0; i < count && !event.failed(); ++i)
    strings.push_back(read_text(event, kMaxTextBytes).utf8);

  Metadata metadata;
  INVAR_ASSIGN_OR_RETURN(metadata.classes_, TreeReader(event, std::move(strings)).read());
  std::ranges::stable_sort(metadata.classes_, {}, &Class::id);
  return metadata;
}

const Class* Metadata::find(std::uint64_t id) const {
  const auto at = std::ranges::lower_bound(classes_, id, {}, &Class::id);
  return at != classes_.end() && at->id == id ? &*at : nullptr;
}

const Class* Metadata::find(std::string_view name) const {
  const auto at = std::ranges::find(classes_, name, &Class::name);
  return at == classes_.end() ? nullptr : &*at;
}

}  // namespace invar::jfr
