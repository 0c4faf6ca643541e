#include "pprof/frames.h"

#include <fmt/format.h>

#include "pprof/stack_hash.h"

namespace invar::pprof {
namespace {

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

FlameFrame frame_of_address(const MergedProfile& profile, const MergedLocation& location,
                            FrameDetail detail) {
  FlameFrame frame;
  if (location.mapping != HashIndex::kNone) {
    frame.file = profile.string(profile.mappings()[location.mapping].file);
  }
  frame.name = frame.file.empty() ? "<unknown>" : fmt::format("[{}]", base_name(frame.file));
  if (detail == FrameDetail::kLines) frame.name += fmt::format(" {:#x}", profile.address_of(location));
  return frame;
}

}  // namespace

FrameTable::FrameTable(const MergedProfile& profile, FrameDetail detail, const StackFilter& filter)
    : has_focus_(filter.focus != nullptr) {
  frames_.push_back({.name = "root", .file = {}});
  std::vector<std::uint8_t> frame_verdicts(1);
  HashIndex by_id, by_text;  // of frames with a function: by ids, which is fast; of the others by text
  struct Key {
    MergedId name = HashIndex::kNone, file = 0;
    std::int64_t line = 0;
    bool operator==(const Key&) const = default;
  };
  std::vector<Key> keys(1);

  const auto add = [&](FlameFrame frame, Key key) {
    const bool focus = filter.focus && filter.focus(frame), ignore = filter.ignore && filter.ignore(frame);
    frame_verdicts.push_back(static_cast<std::uint8_t>((focus ? kFocus : 0) | (ignore ? kIgnore : 0)));
    frames_.push_back(std::move(frame));
    keys.push_back(key);
    return static_cast<std::uint32_t>(frames_.size() - 1);
  };
  const auto of_line = [&](const MergedLine& line) {
    const MergedFunction& function = profile.functions()[line.function];
    Key key{.name = function.name};
    if (detail == FrameDetail::kLines) key.file = function.file, key.line = line.line;
    const std::uint64_t hash =
        mix(mix(std::uint64_t{key.name} << 32 | key.file) + static_cast<std::uint64_t>(key.line));
    return by_id.find_or_add(
        hash, [&](std::uint32_t at) { return keys[at] == key; },
        [&] {
          return add({.name = std::string(profile.string(function.name)),
                      .file = std::string(profile.string(function.file)),
                      .line = detail == FrameDetail::kLines ? line.line : function.start_line},
                     key);
        });
  };
  const auto of_address = [&](const MergedLocation& location) {
    FlameFrame frame = frame_of_address(profile, location, detail);
    return by_text.find_or_add(
        std::hash<std::string>{}(frame.name) * 0x9e3779b97f4a7c15,
        [&](std::uint32_t at) { return frames_[at].name == frame.name; },
        [&] { return add(std::move(frame), {}); });
  };

  ranges_.reserve(profile.locations().size());
  for (const MergedLocation& location : profile.locations()) {
    const auto first = static_cast<std::uint32_t>(pool_.size());
    for (const MergedLine& line : profile.lines_of(location)) pool_.push_back(of_line(line));
    if (location.lines == 0) pool_.push_back(of_address(location));
    ranges_.emplace_back(first, static_cast<std::uint32_t>(pool_.size() - first));
    std::uint8_t verdict = kPlain;
    for (std::size_t i = first; i < pool_.size(); ++i) verdict |= frame_verdicts[pool_[i]];
    verdicts_.push_back(verdict);
  }
}

bool FrameTable::keeps(std::span<const MergedId> locations) const {
  unsigned verdict = kPlain;
  for (const MergedId location : locations) verdict |= verdicts_[location];
  return !(verdict & kIgnore) && (!has_focus_ || (verdict & kFocus));
}

std::uint32_t default_type(const MergedHeader& header) {
  for (std::uint32_t i = 0; i < header.sample_types.size(); ++i) {
    if (header.sample_types[i].type == header.default_sample_type) return i;
  }
  return header.sample_types.empty() ? 0 : static_cast<std::uint32_t>(header.sample_types.size() - 1);
}

}  // namespace invar::pprof
