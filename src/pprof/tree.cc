#include "pprof/tree.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "pprof/stack_hash.h"

namespace invar::pprof {
namespace {

// Nodes in the order in which stacks lead to them.
class Growing {
 public:
  explicit Growing(std::uint32_t width) : width_(width) { add(0, 0); }

  std::uint32_t child(std::uint32_t parent, std::uint32_t frame) {
    return index_.find_or_add(
        mix(std::uint64_t{parent} << 32 | frame),
        [&](std::uint32_t at) { return nodes_[at].parent == parent && nodes_[at].frame == frame; },
        [&] { return add(parent, frame); });
  }
  void add_self(std::uint32_t node, std::span<const std::int64_t> values) {
    std::int64_t* const self = self_.data() + std::size_t{node} * width_;
    for (std::size_t i = 0; i < width_; ++i) self[i] = wrapping_add(self[i], values[i]);
  }
  void finish(FlameTree& tree);

 private:
  std::uint32_t add(std::uint32_t parent, std::uint32_t frame) {
    nodes_.push_back({.frame = frame, .parent = parent});
    self_.resize(self_.size() + width_);
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }

  std::uint32_t width_;
  std::vector<FlameNode> nodes_;
  std::vector<std::int64_t> self_;
  HashIndex index_;
};

// Breadth-first, siblings by name; then totals from the leaves up.
void Growing::finish(FlameTree& tree) {
  const std::size_t count = nodes_.size();
  std::vector<std::uint32_t> by_name(tree.frames.size()), rank(tree.frames.size());
  std::iota(by_name.begin(), by_name.end(), 0);
  std::ranges::sort(by_name, {}, [&](std::uint32_t i) {
    const FlameFrame& frame = tree.frames[i];
    return std::tie(frame.name, frame.file, frame.line);
  });
  for (std::uint32_t i = 0; i < by_name.size(); ++i) rank[by_name[i]] = i;

  std::vector<std::uint32_t> siblings(count - 1), first(count + 1, 0);  // all but the root, by parent
  std::iota(siblings.begin(), siblings.end(), 1);
  std::ranges::sort(siblings, {}, [&](std::uint32_t i) {
    return std::uint64_t{nodes_[i].parent} << 32 | rank[nodes_[i].frame];
  });
  for (std::size_t i = 1; i < count; ++i) ++first[nodes_[i].parent + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());

  std::vector<std::uint32_t> order{0};  // from new places to old ones
  order.reserve(count);
  tree.nodes.reserve(count);
  tree.nodes.push_back({});
  tree.self_values.reserve(count * width_);
  for (std::uint32_t place = 0; place < order.size(); ++place) {
    const std::uint32_t old = order[place];
    const std::int64_t* const self = self_.data() + std::size_t{old} * width_;
    tree.self_values.insert(tree.self_values.end(), self, self + width_);
    tree.nodes[place].first_child = static_cast<std::uint32_t>(order.size());
    tree.nodes[place].children = first[old + 1] - first[old];
    for (std::uint32_t i = first[old]; i < first[old + 1]; ++i) {
      order.push_back(siblings[i]);
      tree.nodes.push_back({.frame = nodes_[siblings[i]].frame, .parent = place});
    }
  }
  tree.total_values = tree.self_values;
  for (std::size_t place = count - 1; place > 0; --place) {
    const std::size_t parent = tree.nodes[place].parent;
    for (std::size_t i = 0; i < width_; ++i) {
      std::int64_t& total = tree.total_values[parent * width_ + i];
      total = wrapping_add(total, tree.total_values[place * width_ + i]);
    }
  }
}

}  // namespace

FlameTree build_tree(const MergedProfile& profile, FrameDetail detail, const StackFilter& filter) {
  FlameTree tree{.types = profile.header().sample_types,
                 .default_type = default_type(profile.header()),
                 .sides = profile.sides()};
  FrameTable frames(profile, detail, filter);
  Growing growing(tree.width());
  for (std::size_t i = 0; i < profile.stacks().size(); ++i) {
    const auto locations = profile.locations_of(profile.stacks()[i]);
    if (!frames.keeps(locations)) continue;
    std::uint32_t node = 0;
    for (std::size_t depth = locations.size(); depth-- > 0;) {
      const auto of_location = frames.frames_of(locations[depth]);
      for (std::size_t line = of_location.size(); line-- > 0;) node = growing.child(node, of_location[line]);
    }
    growing.add_self(node, profile.values(i));
  }
  tree.frames = std::move(frames).take_frames();
  growing.finish(tree);
  return tree;
}

}  // namespace invar::pprof
