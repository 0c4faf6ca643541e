#include "flame/cut.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace invar::flame {
namespace {

using pprof::FlameNode;
using pprof::FlameTree;

// How much each node matters: its largest share of any column; never more than its parent's.
std::vector<double> weights(const FlameTree& tree) {
  const std::size_t width = tree.width();
  std::vector<double> out(tree.nodes.size());
  for (std::size_t node = tree.nodes.size(); node-- > 0;) {
    for (std::size_t column = 0; column < width; ++column) {
      const auto whole = static_cast<double>(tree.total_values[column]);
      const auto value = static_cast<double>(tree.total_values[node * width + column]);
      if (whole != 0) out[node] = std::max(out[node], std::abs(value / whole));
    }
    // Children stand behind their parents: values below zero may make them larger.
    if (node > 0) out[tree.nodes[node].parent] = std::max(out[tree.nodes[node].parent], out[node]);
  }
  return out;
}

std::vector<bool> kept(const FlameTree& tree, std::size_t most) {
  const std::vector<double> weight = weights(tree);
  std::vector<std::uint32_t> order(tree.nodes.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  // Of equal ones the earlier: a parent stands before its children.
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    return weight[a] != weight[b] ? weight[a] > weight[b] : a < b;
  });
  std::vector<bool> out(tree.nodes.size(), false);
  for (std::size_t i = 0; i < std::min(most, order.size()); ++i) out[order[i]] = true;
  out[0] = true;
  return out;
}

class Cutter {
 public:
  Cutter(const FlameTree& from, const std::vector<bool>& kept)
      : from_(from), kept_(kept), width_(from.width()) {
    to_.types = from.types;
    to_.default_type = from.default_type;
    to_.sides = from.sides;
    to_.frames = from.frames;
    rest_frame_ = static_cast<std::uint32_t>(to_.frames.size());
    to_.frames.push_back({.name = "(too small to show)", .file = {}, .line = 0});
  }

  FlameTree run() {
    std::vector<std::uint32_t> origin = {0};  // of each new node; kRest: made here
    add(0, 0, 0);
    for (std::uint32_t parent = 0; parent < origin.size(); ++parent) {
      if (origin[parent] == kRest) continue;
      const FlameNode& old = from_.nodes[origin[parent]];
      const auto first = static_cast<std::uint32_t>(to_.nodes.size());
      std::vector<std::int64_t> rest(width_);
      bool has_rest = false;
      for (std::uint32_t i = 0; i < old.children; ++i) {
        const std::uint32_t child = old.first_child + i;
        if (kept_[child]) {
          add(child, from_.nodes[child].frame, parent);
          origin.push_back(child);
          continue;
        }
        has_rest = true;
        for (std::size_t column = 0; column < width_; ++column)
          rest[column] += from_.total_values[child * width_ + column];
      }
      if (has_rest) {
        to_.nodes.push_back({.frame = rest_frame_, .parent = parent});
        to_.self_values.insert(to_.self_values.end(), rest.begin(), rest.end());
        to_.total_values.insert(to_.total_values.end(), rest.begin(), rest.end());
        origin.push_back(kRest);
      }
      to_.nodes[parent].first_child = first;
      to_.nodes[parent].children = static_cast<std::uint32_t>(to_.nodes.size()) - first;
    }
    return std::move(to_);
  }

 private:
  static constexpr std::uint32_t kRest = ~std::uint32_t{0};

  void add(std::uint32_t old, std::uint32_t frame, std::uint32_t parent) {
    to_.nodes.push_back({.frame = frame, .parent = parent});
    for (std::size_t column = 0; column < width_; ++column) {
      to_.self_values.push_back(from_.self_values[old * width_ + column]);
      to_.total_values.push_back(from_.total_values[old * width_ + column]);
    }
  }

  const FlameTree& from_;
  const std::vector<bool>& kept_;
  const std::size_t width_;
  std::uint32_t rest_frame_ = 0;
  FlameTree to_;
};

}  // namespace

Cut cut(FlameTree tree, std::size_t most_nodes) {
  if (tree.nodes.size() <= most_nodes) return {.tree = std::move(tree)};
  // Half of them may each get a child that stands for the others.
  const std::vector<bool> keep = kept(tree, std::max<std::size_t>(1, most_nodes / 2));
  Cut out;
  double gone = 0, whole = 0;
  for (std::uint32_t side = 0; side < tree.sides; ++side) {
    double of_side = 0;
    for (std::uint32_t node = 0; node < tree.nodes.size(); ++node)
      if (!keep[node]) of_side += static_cast<double>(tree.self(node, tree.default_type, side));
    gone = std::max(gone, of_side);
    whole = std::max(whole, static_cast<double>(tree.total(0, tree.default_type, side)));
  }
  out.nodes = static_cast<std::size_t>(std::ranges::count(keep, false));
  out.share = whole > 0 ? std::clamp(gone / whole, 0.0, 1.0) : 0;
  out.tree = Cutter(tree, keep).run();
  return out;
}

}  // namespace invar::flame
