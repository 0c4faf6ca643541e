// LoadedGraph: the nodes of one module and how they depend on each other, made from the blocks of a body.
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

#include "runtime/node.h"
#include "runtime/other_pipelines.h"
#include "runtime/plan.h"

namespace invar::runtime {

class ArgumentNode;
class ExportNode;
class GivenNode;

struct LoadedGraph {
  struct Item {
    std::shared_ptr<Node> node;
    std::optional<syntax::ast::BlockRef> block;  // nothing: given, or a config block that was not written
    std::vector<Flow> flows;                     // in which it is the user or the exporter
  };
  std::vector<Item> items;  // in the order of the plan
  Graph graph;              // an edge: user -> dependency
  NodeIds ids;
  std::unordered_map<const Node*, Graph::Index> index_of;
  std::vector<Graph::Index> order;    // dependencies first
  std::vector<std::size_t> place_of;  // in `order`
  std::map<std::string, GivenNode*, std::less<>> given;
  std::map<std::string, ArgumentNode*, std::less<>> arguments;  // by name, as `exports`
  std::map<std::string, ExportNode*, std::less<>> exports;
  std::shared_ptr<const Definitions> definitions;
  // Of --skip-other-pipelines (other_pipelines.h).
  std::map<const syntax::ast::Block*, Names> gone_arguments;
  Names gone;
  std::vector<syntax::ast::BlockRef> left_out;

  // The variables that a node sees beyond its module's: the exports of what it refers to, nested by the
  // fragments of the ids.
  [[nodiscard]] syntax::Scope scope_for(Graph::Index node, std::shared_ptr<const syntax::Scope> module) const;
  // What depends on each other directly or indirectly, in dependency order; of nodes that run only.
  [[nodiscard]] std::vector<std::vector<RunnablePtr>> task_groups() const;
  // Where data goes from a node, each once.
  [[nodiscard]] std::vector<Graph::Index> data_flow_edges_to(Graph::Index node) const;
};

struct GraphRequest {
  const std::vector<syntax::ast::BlockRef>* blocks = nullptr;
  BodyKind kind = BodyKind::kRoot;
  const ModuleContext* module = nullptr;
  std::shared_ptr<const Definitions> outer;  // null: the root's
  std::string module_path;
  std::vector<std::string> given;
  Names gone;  // from outside
  const LoadedGraph* previous = nullptr;
};
// Nothing when any error was reported.
std::optional<LoadedGraph> make_graph(const GraphRequest& request, syntax::Diagnostics& diagnostics,
                                      std::vector<Warning>& warnings);

}  // namespace invar::runtime
