// Plan: the graph that a body describes, before there are nodes: what is in it, who refers to whom, and what is wrong with that.
// The one walk over a configuration that load() and validate() share; they differ in what they make of it and in a few words.
//
// Edges go from the user to what it depends on: by references in expressions; from a custom component to the declare or import
// that it is made of, and through declares on to the imports that these use; from a foreach to all that its template uses.
// Threads: any; pure. Spec: runtime.md 3, language.md 8.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/graph.h"
#include "runtime/inventory.h"
#include "runtime/references.h"

namespace invar::runtime {

struct PlanRequest {
  InventoryRequest body;
  std::vector<std::string> given;                // names with a value from outside: nodes without a block
  std::set<std::string, std::less<>> variables;  // names of the scope that are no nodes
};

struct PlannedNode {
  std::string id;
  const Entry* entry = nullptr;  // null: given, or a config block that was not written
  const ConfigBlock* config = nullptr;
};

struct Flow {
  Graph::Index user = 0, exporter = 0;
  std::string field;
};

struct Plan {
  Inventory inventory;
  std::vector<PlannedNode>
      nodes;  // config blocks in the application's order, what is given, the rest in source order
  NodeIds ids;
  Graph graph;
  std::vector<References> references;       // of each entry
  std::vector<Flow> flows;                  // references to exported fields
  std::vector<syntax::Diagnostic> circles;  // cycles, then nodes that refer to themselves

  Plan() = default;
  Plan(Plan&&) = default;  // `nodes` point into `inventory`
  Plan& operator=(Plan&&) = default;
};

Plan make_plan(const PlanRequest& request);

// The name of the variable of a foreach, when it is written as a literal; and its template, when there is one.
std::optional<std::string> foreach_variable(const syntax::ast::Block& foreach);
const syntax::ast::Block* foreach_template(const syntax::ast::Block& foreach);

}  // namespace invar::runtime
