// validate(): formatting.md 6. The order of the report: declare blocks, config blocks, components, services,
// each block with its own problems, its schema's and its references'; then cycles, then self references.
#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "runtime/controller.h"
#include "runtime/graph.h"
#include "runtime/inventory.h"
#include "runtime/references.h"
#include "runtime/sources.h"
#include "syntax/evaluator.h"

namespace invar::runtime {
namespace {

// The root's variables that are no nodes.
const std::set<std::string, std::less<>> kRootVariables{"module_path"};

class Validator {
 public:
  Validator(Inventory inventory, syntax::Stability min_stability, syntax::Diagnostics& diagnostics)
      : inventory_(std::move(inventory)), min_stability_(min_stability), diagnostics_(diagnostics) {}

  void run() {
    for (const Entry& entry : inventory_.entries)
      if (entry.is_node()) {
        ids_.emplace(entry.id, nodes_.size());
        nodes_.push_back(&entry);
      }
    graph_ = Graph(nodes_.size());
    for (const BlockClass checked :
         {BlockClass::kDeclare, BlockClass::kConfig, BlockClass::kComponent, BlockClass::kService})
      for (const Entry& entry : inventory_.entries)
        if (entry.block_class == checked) check(entry);
    report_cycles();
    for (syntax::Diagnostic& self : self_references_) diagnostics_.add(std::move(self));
  }

 private:
  void check(const Entry& entry) {
    for (const syntax::Diagnostic& problem : entry.problems) diagnostics_.add(problem);
    if (const syntax::Schema* schema = entry.schema())
      syntax::check_body(entry.block.block->body, entry.block.file->source, entry.block.span, *schema,
                         diagnostics_);
    // What stands in a refused block means nothing here.
    if (entry.schema() != nullptr) check_references(entry);
  }

  void check_references(const Entry& entry) {
    if (!resolver_) resolver_.emplace(ids_, inventory_, kRootVariables, min_stability_);
    References references = resolver_->resolve(entry.block);
    for (syntax::Diagnostic& error : references.errors) diagnostics_.add(std::move(error));
    for (const Warning& warning : references.warnings)
      diagnostics_.warning(warning.range, std::string(warning_text(warning.kind)));
    if (!entry.is_node()) return;
    const Graph::Index user = ids_.find(entry.id)->second;
    for (const Reference& reference : references.found) {
      if (reference.target == user && !graph_.depends_on_itself(user))
        self_references_.push_back({syntax::Severity::kError, reference.range, "cannot reference self"});
      graph_.add_edge(user, reference.target);
    }
  }

  // One for each member, the members named in the order of the alphabet.
  void report_cycles() {
    for (const std::vector<Graph::Index>& cycle : graph_.cycles()) {
      std::vector<std::string> members;
      members.reserve(cycle.size());
      for (const Graph::Index member : cycle) members.push_back(nodes_[member]->id);
      std::ranges::sort(members);
      const std::string message = "cycle detected: " + member_list(std::move(members));
      for (const Graph::Index member : cycle)
        diagnostics_.error(header_range(nodes_[member]->block), message);
    }
  }

  const Inventory inventory_;
  const syntax::Stability min_stability_;
  syntax::Diagnostics& diagnostics_;
  std::vector<const Entry*> nodes_;
  NodeIds ids_;
  Graph graph_;
  std::optional<ReferenceResolver> resolver_;
  std::vector<syntax::Diagnostic> self_references_;
};

}  // namespace

syntax::Diagnostics validate(const std::vector<SourceFile>& sources, const component::Registry& components,
                             const std::vector<ConfigBlock>& blocks, syntax::Stability min_stability) {
  syntax::Diagnostics diagnostics;
  const auto parsed = parse_sources(sources, diagnostics);
  if (!parsed) return diagnostics;
  Validator(take_inventory(*parsed, components, blocks, min_stability, Purpose::kValidate), min_stability,
            diagnostics)
      .run();
  return diagnostics;
}

}  // namespace invar::runtime
