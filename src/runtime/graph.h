// Graph: a directed graph over the numbers 0..n-1, with what a loader needs of one. Knows no components.
//
// An edge a -> b says "a depends on b". Parallel edges count once; an edge to itself is kept and reported as such. Every answer
// is deterministic: ties follow the numbers.
// Cost:    linear in nodes and edges; no recursion, so a chain of any length is safe.
// Threads: any; a value.
#pragma once

#include <cstddef>
#include <vector>

namespace invar::runtime {

class Graph {
 public:
  using Index = std::size_t;

  Graph() = default;
  explicit Graph(std::size_t nodes) : dependencies_(nodes), dependants_(nodes) {}

  void add_edge(Index from, Index to);
  [[nodiscard]] std::size_t size() const { return dependencies_.size(); }
  [[nodiscard]] const std::vector<Index>& dependencies(Index node) const { return dependencies_[node]; }
  [[nodiscard]] const std::vector<Index>& dependants(Index node) const { return dependants_[node]; }
  [[nodiscard]] bool depends_on_itself(Index node) const;

  // The sets of nodes that reach each other, each in ascending order; sets ordered by their first member.
  // Only sets of two and more: a single node with an edge to itself is not in here.
  [[nodiscard]] std::vector<std::vector<Index>> cycles() const;

  // Every node once, after all that it depends on. On a cyclic graph the members of a cycle come in some
  // order.
  [[nodiscard]] std::vector<Index> topological_order() const;

  // The nodes that are connected when directions are ignored, each group in topological order.
  [[nodiscard]] std::vector<std::vector<Index>> groups() const;

 private:
  std::vector<std::vector<Index>> dependencies_, dependants_;
};

}  // namespace invar::runtime
