#include "runtime/graph.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Index = Graph::Index;
using Edges = std::vector<std::pair<Index, Index>>;

Graph make_graph(std::size_t nodes, const Edges& edges) {
  Graph graph(nodes);
  for (const auto& [from, to] : edges) graph.add_edge(from, to);
  return graph;
}

TEST(Graph, EdgesAreReadFromBothEndsAndCountOnce) {
  const Graph graph = make_graph(3, {{0, 1}, {0, 1}, {2, 1}});
  EXPECT_THAT(graph.dependencies(0), ElementsAre(1));
  EXPECT_THAT(graph.dependants(1), ElementsAre(0, 2));
}

TEST(Graph, OrderPutsDependenciesFirstAndOtherwiseFollowsTheNumbers) {
  EXPECT_THAT(make_graph(4, {}).topological_order(), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(make_graph(4, {{0, 2}, {2, 3}}).topological_order(), ElementsAre(3, 2, 0, 1));
  EXPECT_THAT(make_graph(4, {{3, 0}, {3, 1}, {2, 3}}).topological_order(), ElementsAre(0, 1, 3, 2));
}

TEST(Graph, CyclesAreTheSetsOfNodesThatReachEachOther) {
  const struct {
    const char* why;
    std::size_t nodes;
    Edges edges;
    std::vector<std::vector<Index>> want;
  } rows[] = {
      {"empty", 0, {}, {}},
      {"a chain has none", 3, {{0, 1}, {1, 2}}, {}},
      {"a diamond has none", 4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}}, {}},
      {"two nodes", 2, {{0, 1}, {1, 0}}, {{0, 1}}},
      {"a node beside it does not belong", 4, {{3, 1}, {1, 2}, {2, 1}, {2, 0}}, {{1, 2}}},
      {"two sets", 5, {{0, 4}, {4, 0}, {1, 2}, {2, 3}, {3, 1}}, {{0, 4}, {1, 2, 3}}},
      {"joined sets are one", 4, {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {3, 2}}, {{0, 1, 2, 3}}},
      {"an edge to itself is no set", 2, {{0, 0}, {0, 1}}, {}},
  };
  for (const auto& row : rows) EXPECT_EQ(make_graph(row.nodes, row.edges).cycles(), row.want) << row.why;
}

TEST(Graph, AnEdgeToItselfIsKnown) {
  const Graph graph = make_graph(2, {{0, 0}, {0, 1}});
  EXPECT_TRUE(graph.depends_on_itself(0));
  EXPECT_FALSE(graph.depends_on_itself(1));
  EXPECT_THAT(graph.topological_order(), ElementsAre(1, 0));
}

TEST(Graph, GroupsIgnoreDirectionAndKeepTheOrder) {
  const Graph graph = make_graph(6, {{0, 3}, {5, 3}, {1, 4}});
  EXPECT_THAT(graph.groups(), ElementsAre(ElementsAre(3, 0, 5), ElementsAre(4, 1), ElementsAre(2)));
  EXPECT_THAT(Graph().groups(), IsEmpty());
}

TEST(Graph, AVeryLongChainNeedsNoStack) {
  constexpr std::size_t kNodes = 50'000;
  Graph graph(kNodes);
  for (Index node = 0; node + 1 < kNodes; ++node) graph.add_edge(node, node + 1);
  EXPECT_EQ(graph.topological_order().front(), kNodes - 1);
  EXPECT_THAT(graph.cycles(), IsEmpty());
  graph.add_edge(kNodes - 1, 0);
  ASSERT_EQ(graph.cycles().size(), 1u);
  EXPECT_EQ(graph.cycles().front().size(), kNodes);
}

// Against the definitions, by brute force over random graphs.
TEST(Graph, RandomGraphsObeyTheDefinitions) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const std::size_t nodes = 1 + random() % 9;
    Graph graph(nodes);
    std::vector<std::vector<bool>> reach(nodes, std::vector<bool>(nodes, false));
    for (std::size_t n = random() % (2 * nodes + 1); n > 0; --n) {
      const Index from = random() % nodes, to = random() % nodes;
      graph.add_edge(from, to);
      reach[from][to] = true;
    }
    for (Index k = 0; k < nodes; ++k)
      for (Index i = 0; i < nodes; ++i)
        for (Index j = 0; j < nodes; ++j)
          if (reach[i][k] && reach[k][j]) reach[i][j] = true;

    std::vector<bool> in_cycle(nodes, false);
    for (const auto& set : graph.cycles())
      for (const Index a : set) {
        in_cycle[a] = true;
        for (const Index b : set) EXPECT_TRUE(reach[a][b]);
      }
    for (Index a = 0; a < nodes; ++a) {
      bool mutual = false;
      for (Index b = 0; b < nodes; ++b) mutual = mutual || (a != b && reach[a][b] && reach[b][a]);
      EXPECT_EQ(in_cycle[a], mutual);
    }

    const std::vector<Index> order = graph.topological_order();
    ASSERT_EQ(order.size(), nodes);
    std::vector<std::size_t> place(nodes);
    for (std::size_t i = 0; i < nodes; ++i) place[order[i]] = i;
    for (Index a = 0; a < nodes; ++a)
      for (const Index b : graph.dependencies(a)) EXPECT_TRUE(reach[b][a] || place[b] < place[a]);
  }
}

}  // namespace
}  // namespace invar::runtime
