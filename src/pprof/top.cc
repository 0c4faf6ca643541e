#include "pprof/top.h"

namespace invar::pprof {

TopTable build_top(const MergedProfile& profile, FrameDetail detail, const StackFilter& filter) {
  TopTable table{.types = profile.header().sample_types, .sides = profile.sides()};
  FrameTable frames(profile, detail, filter);
  const std::size_t width = table.width(), count = frames.frames().size();
  table.self_values.resize(count * width);
  table.total_values.resize(count * width);
  const auto add = [&](std::vector<std::int64_t>& values, std::uint32_t frame,
                       std::span<const std::int64_t> more) {
    std::int64_t* const row = values.data() + frame * width;
    for (std::size_t i = 0; i < width; ++i) row[i] = wrapping_add(row[i], more[i]);
  };
  std::vector<std::uint32_t> last_stack(count, 0xffffffff);  // in which a frame was counted
  for (std::uint32_t i = 0; i < profile.stacks().size(); ++i) {
    const auto locations = profile.locations_of(profile.stacks()[i]);
    if (!frames.keeps(locations)) continue;
    const auto values = profile.values(i);
    add(table.total_values, 0, values);
    add(table.self_values, locations.empty() ? 0 : frames.frames_of(locations.front()).front(), values);
    for (const MergedId location : locations) {
      for (const std::uint32_t frame : frames.frames_of(location)) {
        if (std::exchange(last_stack[frame], i) != i) add(table.total_values, frame, values);
      }
    }
  }
  table.frames = std::move(frames).take_frames();
  return table;
}

}  // namespace invar::pprof
