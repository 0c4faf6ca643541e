#include "jfr/stack_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "jfr/limits.h"
#include "jfr/names.h"

namespace invar::jfr {
namespace {

constexpr std::uint64_t kOddNumber = 0x9e3779b97f4a7c15;

std::uint64_t hash_of(std::uint32_t a, std::uint32_t b) {
  return (std::uint64_t{a} << 32 | b) * kOddNumber;
}

}  // namespace

std::uint32_t StackTable::OfChunk::stack(std::uint32_t position) {
  std::uint32_t& known = stacks_[position];
  if (known == kNotYet) known = resolve(position);
  return known;
}

std::uint32_t StackTable::OfChunk::resolve(std::uint32_t position) {
  if (table_.starts_.size() > kMaxStacks) {
    ++table_.report_->over_limit;
    return kNone;
  }
  scratch_.clear();
  bool is_cut = false;
  constants_.for_each_frame(position, [&](Constants::Frame frame) {
    if (scratch_.size() == kMaxStackDepth) {
      is_cut = true;
      return;
    }
    const std::uint32_t id = function(frame.method);
    if (id == kNone) {
      ++table_.report_->unknown_frames;
    } else if (table_.locations_.size() >= kMaxLocations) {
      ++table_.report_->over_limit;
    } else {
      scratch_.push_back(table_.intern_location({id, frame.line}));
    }
  });
  if (is_cut) ++table_.report_->cut_stacks;
  return table_.intern_stack(scratch_);
}

std::uint32_t StackTable::OfChunk::function(std::uint64_t method) {
  const std::uint32_t known = methods_.find(method);
  if (known != IdMap::kNone) return known - 1;  // 0 becomes kNone
  const std::uint32_t id = make_function(method);
  methods_.set(method, id + 1);
  return id;
}

std::uint32_t StackTable::OfChunk::make_function(std::uint64_t method) {
  if (table_.name_bytes_ >= kMaxNameBytes) {
    ++table_.report_->over_limit;
    return kNone;
  }
  const auto known = constants_.method(method);
  if (!known) return kNone;
  const auto type = constants_.class_symbol(known->type);
  if (!type) return kNone;
  const std::uint32_t type_text = symbol(*type);
  return table_.intern_function({type_text, symbol(known->name)});
}

std::uint32_t StackTable::OfChunk::symbol(std::uint64_t key) {
  std::uint32_t text = symbols_.find(key);
  if (text == IdMap::kNone) {
    text = table_.intern_text(without_generated_parts(constants_.symbol(key)));
    symbols_.set(key, text);
  }
  return text;
}

std::string StackTable::function_name(std::uint32_t id) const {
  const std::string_view type = texts_[functions_[id].type], method = texts_[functions_[id].method];
  return type.empty() ? std::string(method) : fmt::format("{}.{}", type, method);
}

std::uint32_t StackTable::intern_text(std::string text) {
  name_bytes_ += text.size();
  const auto [at, made] = text_index_.try_emplace(std::move(text), static_cast<std::uint32_t>(texts_.size()));
  if (made) texts_.push_back(at->first);
  return at->second;
}

std::uint32_t StackTable::intern_function(Function function) {
  return function_index_.find_or_add(
      hash_of(function.type, function.method), [&](std::uint32_t at) { return functions_[at] == function; },
      [&] {
        name_bytes_ += texts_[function.type].size() + texts_[function.method].size();
        functions_.push_back(function);
        return static_cast<std::uint32_t>(functions_.size() - 1);
      });
}

std::uint32_t StackTable::intern_location(StackLocation location) {
  return location_index_.find_or_add(
      hash_of(location.function, static_cast<std::uint32_t>(location.line)),
      [&](std::uint32_t at) { return locations_[at] == location; },
      [&] {
        locations_.push_back(location);
        return static_cast<std::uint32_t>(locations_.size() - 1);
      });
}

std::uint32_t StackTable::intern_stack(std::span<const std::uint32_t> locations) {
  std::uint64_t hash = locations.size();
  for (const std::uint32_t location : locations) hash = (hash ^ hash >> 29 ^ location) * kOddNumber;
  return stack_index_.find_or_add(
      hash * kOddNumber, [&](std::uint32_t at) { return std::ranges::equal(stack(at), locations); },
      [&] {
        frames_.insert(frames_.end(), locations.begin(), locations.end());
        starts_.push_back(frames_.size());
        return static_cast<std::uint32_t>(starts_.size() - 2);
      });
}

}  // namespace invar::jfr
