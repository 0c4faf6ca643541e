#include "runtime/graph.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.h"

namespace invar::runtime {
namespace {

constexpr Graph::Index kNone = std::numeric_limits<Graph::Index>::max();

// A node whose dependencies are being walked, and the next of them.
struct Frame {
  Graph::Index node;
  std::size_t next = 0;
};

}  // namespace

void Graph::add_edge(Index from, Index to) {
  INVAR_CHECK(from < size() && to < size(), "an edge to a node that does not exist");
  std::vector<Index>& edges = dependencies_[from];
  if (std::ranges::find(edges, to) != edges.end()) return;
  edges.push_back(to);
  dependants_[to].push_back(from);
}

bool Graph::depends_on_itself(Index node) const {
  return std::ranges::find(dependencies_[node], node) != dependencies_[node].end();
}

// Tarjan's algorithm with its own stack.
std::vector<std::vector<Graph::Index>> Graph::cycles() const {
  std::vector<std::vector<Index>> out;
  std::vector<Index> order(size(), kNone), low(size(), kNone);
  std::vector<bool> open(size(), false);
  std::vector<Index> component;
  std::vector<Frame> frames;
  Index counter = 0;

  auto enter = [&](Index node) {
    order[node] = low[node] = counter++;
    component.push_back(node);
    open[node] = true;
    frames.push_back({node});
  };
  auto leave = [&](Index node) {
    if (low[node] != order[node]) return;
    std::vector<Index> members;
    for (Index member = kNone; member != node;) {
      member = component.back();
      component.pop_back();
      open[member] = false;
      members.push_back(member);
    }
    if (members.size() < 2) return;
    std::ranges::sort(members);
    out.push_back(std::move(members));
  };

  for (Index root = 0; root < size(); ++root) {
    if (order[root] != kNone) continue;
    enter(root);
    while (!frames.empty()) {
      const Index node = frames.back().node;
      if (frames.back().next < dependencies_[node].size()) {
        const Index to = dependencies_[node][frames.back().next++];
        if (order[to] == kNone)
          enter(to);
        else if (open[to])
          low[node] = std::min(low[node], order[to]);
        continue;
      }
      frames.pop_back();
      if (!frames.empty()) low[frames.back().node] = std::min(low[frames.back().node], low[node]);
      leave(node);
    }
  }
  std::ranges::sort(out, {}, [](const std::vector<Index>& set) { return set.front(); });
  return out;
}

std::vector<Graph::Index> Graph::topological_order() const {
  std::vector<Index> out;
  out.reserve(size());
  std::vector<bool> seen(size(), false);
  std::vector<Frame> frames;
  for (Index root = 0; root < size(); ++root) {
    if (seen[root]) continue;
    seen[root] = true;
    frames.push_back({root});
    while (!frames.empty()) {
      const Index node = frames.back().node;
      if (frames.back().next < dependencies_[node].size()) {
        const Index to = dependencies_[node][frames.back().next++];
        if (!seen[to]) {
          seen[to] = true;
          frames.push_back({to});
        }
        continue;
      }
      frames.pop_back();
      out.push_back(node);
    }
  }
  return out;
}

std::vector<std::vector<Graph::Index>> Graph::groups() const {
  std::vector<Index> parent(size());
  std::iota(parent.begin(), parent.end(), Index{0});
  auto root_of = [&](Index node) {
    while (parent[node] != node) node = parent[node] = parent[parent[node]];
    return node;
  };
  for (Index node = 0; node < size(); ++node)
    for (const Index to : dependencies_[node]) {
      const Index a = root_of(node), b = root_of(to);
      parent[std::max(a, b)] = std::min(a, b);
    }

  std::vector<std::vector<Index>> by_root(size());
  for (const Index node : topological_order()) by_root[root_of(node)].push_back(node);
  std::erase_if(by_root, [](const std::vector<Index>& group) { return group.empty(); });
  return by_root;
}

}  // namespace invar::runtime
