// LoadedGraph: the nodes of one module and how they depend on each other, made from the blocks of a
// configuration.
//
// make_graph() changes nothing: nodes that were there before are taken over by their id, their new text only
// lies beside them, and the caller brings it in (commit) when the whole graph is good. Spec: runtime.md 3,
// language.md 8, 10.4. Threads: loop thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/component_node.h"
#include "runtime/graph.h"
#include "runtime/inventory.h"
#include "runtime/references.h"

namespace invar::runtime {

struct LoadedGraph {
  struct Item {
    std::shared_ptr<Node> node;
    std::shared_ptr<ComponentNode> component;      // the same node, when it is one
    std::optional<syntax::ast::BlockRef> block;    // nothing: a config block that was not written
    std::vector<Graph::Index> data_flow_edges_to;  // each once
  };
  std::vector<Item>
      items;    // config blocks in the application's order, then components in the order of the sources
  Graph graph;  // an edge: user -> dependency
  NodeIds ids;
  std::unordered_map<const Node*, Graph::Index> index_of;
  std::vector<Graph::Index> order;    // dependencies first
  std::vector<std::size_t> place_of;  // in `order`

  // The variables that a node sees beyond its module's: the exports of what it refers to, nested by the
  // fragments of the ids.
  [[nodiscard]] syntax::Scope scope_for(Graph::Index node, std::shared_ptr<const syntax::Scope> module) const;
  // What depends on each other directly or indirectly, in dependency order; components only.
  [[nodiscard]] std::vector<std::vector<RunnablePtr>> task_groups() const;
};

struct GraphRequest {
  const std::vector<syntax::ast::BlockRef>* blocks = nullptr;
  const ModuleContext* module = nullptr;
  std::set<std::string, std::less<>> variables;  // names of the module's own variables
  const LoadedGraph* previous = nullptr;
};
// Nothing when any error was reported.
std::optional<LoadedGraph> make_graph(const GraphRequest& request, syntax::Diagnostics& diagnostics,
                                      std::vector<Warning>& warnings);

}  // namespace invar::runtime
