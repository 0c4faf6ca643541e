// References: which nodes the expressions of a block talk about, and what is wrong with how they do.
//
// An identifier chain refers to the first of its prefixes that is a node id; else its first name must be a
// variable of the scope or of the standard library. Also found here: uses of deprecated and of experimental
// standard library functions, and components that hide a standard library name. Spec: language.md
// 8, 9.3, 9.6, 10.4.   Threads: any; pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/graph.h"
#include "runtime/inventory.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"
#include "syntax/evaluator.h"

namespace invar::runtime {

using NodeIds = std::map<std::string, Graph::Index, std::less<>>;

struct Reference {
  Graph::Index target = 0;
  std::string field;                 // the exported field that is read; "" for the whole component
  bool goes_on = false;              // into what the field holds
  syntax::Range range, field_range;  // the whole chain; the field's name
};

// A warning of validate(), a log line of load().
struct Warning {
  enum class Kind { kDeprecatedFunction, kShadowedName } kind;
  std::string name;  // the function; the component
  syntax::Range range;
  [[nodiscard]] std::string message() const;  // with the name, and what to write instead
};
std::string_view warning_text(Warning::Kind kind);  // as it is logged

struct References {
  std::vector<Reference> found;  // source order, with repetitions
  std::vector<syntax::Diagnostic> errors;
  std::vector<Warning> warnings;
};

class ReferenceResolver {
 public:
  // `variables`: names of the scope that are no nodes, such as module_path. All arguments outlive the
  // resolver.
  ReferenceResolver(const NodeIds& ids, const Inventory& inventory,
                    const std::set<std::string, std::less<>>& variables, syntax::Stability min_stability);
  // Everything in the block's body.
  References resolve(const syntax::ast::BlockRef& block);
  // Its attributes alone.
  References resolve_attributes(const syntax::ast::BlockRef& block);
  // Which nodes a nested body talks about, leaving out the names that it has itself: `own`. What is wrong in there is not said.
  std::vector<Reference> seen_from(const syntax::ast::Body& body, const syntax::SourcePtr& source,
                                   const std::set<std::string, std::less<>>& own) const;

 private:
  void resolve_one(const syntax::Traversal& chain, const syntax::SourcePtr& source, References& out);
  std::optional<Reference> find_node(const syntax::Traversal& chain, const syntax::SourcePtr& source) const;
  [[nodiscard]] bool already_reported(const syntax::Traversal& chain) const;
  std::string suggestion(const syntax::Traversal& chain);
  [[nodiscard]] std::string similar_variable(const std::string& name) const;
  [[nodiscard]] std::string only_candidate(const syntax::Traversal& chain) const;

  const NodeIds& ids_;
  const Inventory& inventory_;
  const std::set<std::string, std::less<>>& variables_;
  const syntax::Stability min_stability_;
  std::optional<Suggestions> suggestions_;
};

}  // namespace invar::runtime
