#include "jfr/layout.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "jfr/limits.h"
#include "jfr/text.h"

namespace invar::jfr {
namespace {

constexpr std::string_view kText = "java.lang.String";
constexpr std::array<std::string_view, 4> kNumbers = {"long", "int", "short", "char"};
constexpr std::array<std::pair<std::string_view, std::uint32_t>, 4> kFixed = {
    {{"byte", 1}, {"boolean", 1}, {"float", 4}, {"double", 8}}};

class Compiler {
 public:
  Compiler(const Metadata& metadata, std::span<const Binding> bindings)
      : metadata_(metadata), bindings_(bindings) {}

  bool add_class(const Class& type, const std::string& prefix, unsigned depth) {  // NOLINT(misc-no-recursion)
    if (depth > kMaxNesting) return false;
    return std::ranges::all_of(type.fields, [&](const Field& field) {
      return ++fields_ <= kMaxLayoutSteps && add_field(field, prefix + field.name, depth);
    });
  }
  [[nodiscard]] std::vector<Step> take() && { return std::move(steps_); }

 private:
  bool add_field(const Field& field, const std::string& path, unsigned depth) {  // NOLINT(misc-no-recursion)
    if (!field.array) return add_value(field, path, depth);
    const std::size_t at = steps_.size();
    steps_.push_back({.kind = Step::Kind::kArray, .slot = slot_of(path, Binding::Kind::kArray)});
    if (!add_value(field, path, depth)) return false;
    steps_[at].count = static_cast<std::uint32_t>(steps_.size() - at - 1);
    closed_ = steps_.size();
    return true;
  }

  bool add_value(const Field& field, const std::string& path, unsigned depth) {  // NOLINT(misc-no-recursion)
    const Class* const type = metadata_.find(field.class_id);
    if (field.pooled) return add_number(path);
    if (type == nullptr) return false;
    if (std::ranges::find(kNumbers, type->name) != kNumbers.end()) return add_number(path);
    if (type->name == kText) {
      steps_.push_back({.kind = Step::Kind::kText, .slot = slot_of(path, Binding::Kind::kText)});
      return true;
    }
    for (const auto& [name, bytes] : kFixed) {
      if (type->name == name) return merge_into_last(Step::Kind::kSkipBytes, bytes);
    }
    return add_class(*type, path + ".", depth + 1);
  }

  bool add_number(const std::string& path) {
    const std::uint8_t slot = slot_of(path, Binding::Kind::kNumber);
    if (slot == Step::kNoSlot) return merge_into_last(Step::Kind::kSkipNumbers, 1);
    steps_.push_back({.kind = Step::Kind::kNumber, .slot = slot});
    return true;
  }

  // Not across the border of an array's element.
  bool merge_into_last(Step::Kind kind, std::uint32_t count) {
    const bool joins = steps_.size() > closed_ && steps_.back().kind == kind;
    if (joins) {
      steps_.back().count += count;
    } else {
      steps_.push_back({.kind = kind, .count = count});
    }
    return true;
  }

  [[nodiscard]] std::uint8_t slot_of(std::string_view path, Binding::Kind kind) const {
    const auto at = std::ranges::find_if(
        bindings_, [&](const Binding& binding) { return binding.path == path && binding.kind == kind; });
    return at == bindings_.end() ? Step::kNoSlot : at->slot;
  }

  const Metadata& metadata_;
  const std::span<const Binding> bindings_;
  std::vector<Step> steps_;
  std::size_t fields_ = 0;  // met, with those of structs that have none
  std::size_t closed_ = 0;  // steps before belong to the element of an array
};

}  // namespace

std::optional<Layout> Layout::compile(const Metadata& metadata, const Class& type,
                                      std::span<const Binding> bindings) {
  Compiler compiler(metadata, bindings);
  if (!compiler.add_class(type, "", 0)) return std::nullopt;
  Layout layout;
  layout.steps_ = std::move(compiler).take();
  return layout;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as compile() allows
void Layout::run(Cursor& in, std::span<const Step> steps, std::uint64_t* slots) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    switch (step.kind) {
      case Step::Kind::kNumber:
        slots[step.slot] = in.varint();
        break;
      case Step::Kind::kSkipNumbers:
        for (std::uint32_t left = step.count; left > 0; --left) in.varint();
        break;
      case Step::Kind::kSkipBytes:
        in.skip(step.count);
        break;
      case Step::Kind::kText:
        if (step.slot != Step::kNoSlot) slots[step.slot] = in.offset();
        skip_text(in);
        break;
      case Step::Kind::kArray: {
        const auto element = steps.subspan(i + 1, step.count);
        for (std::uint64_t left = in.varint(); left > 0 && !element.empty() && !in.failed(); --left) {
          run(in, element, slots);
        }
        i += step.count;
        break;
      }
    }
  }
}

}  // namespace invar::jfr
