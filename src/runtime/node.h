// Node: one vertex of the graph that a configuration describes; it is evaluated against a scope. A ConfigNode
// is a singleton of the root (`logging`, `http`); component nodes are in component_node.h.
//
// A node outlives reloads for as long as its id stays in the configuration; set_block() gives it its new
// text. Threads: loop thread only. Spec: runtime.md 3, 4, 12; language.md 10.3 (texts).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "runtime/controller.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"
#include "syntax/evaluator.h"

namespace invar::runtime {

class ComponentNode;

struct EvaluationFailure {
  std::string chain;  // for logs and health: "decoding configuration: FILE:2:7: ..."
  std::vector<syntax::Diagnostic> diagnostics;
};
using Evaluation = std::optional<EvaluationFailure>;  // nothing: it worked

class Node {
 public:
  explicit Node(std::string id) : id_(std::move(id)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  [[nodiscard]] const std::string& id() const { return id_; }  // within its module
  [[nodiscard]] const std::optional<syntax::ast::BlockRef>& block() const { return block_; }
  void set_block(std::optional<syntax::ast::BlockRef> block) { block_ = std::move(block); }

  virtual Evaluation evaluate(const syntax::Scope& scope) = 0;
  // What references to the node's id see; null when it is nothing that can be referred to.
  [[nodiscard]] virtual const syntax::Value* exports() const { return nullptr; }
  [[nodiscard]] virtual ComponentNode* as_component() { return nullptr; }

 private:
  std::string id_;
  std::optional<syntax::ast::BlockRef> block_;
};

class ConfigNode : public Node {
 public:
  explicit ConfigNode(ConfigBlock config) : Node(config.name), config_(std::move(config)) {}
  // Hands the arguments over when they differ from those that were last taken.
  Evaluation evaluate(const syntax::Scope& scope) override;

 private:
  ConfigBlock config_;
  syntax::Boxed applied_;
};

// The block's body as arguments; without a block, the schema's defaults.
std::expected<syntax::Boxed, std::vector<syntax::Diagnostic>> decode_arguments(
    const std::optional<syntax::ast::BlockRef>& block, const syntax::Schema& schema,
    const syntax::Scope& scope);

// Decoding errors as a failure: those without a position (all of them when `always_wrap`) are reported for
// the whole block as
// `<headline>: decoding configuration: <error>`.
EvaluationFailure decoding_failure(const std::optional<syntax::ast::BlockRef>& block,
                                   std::string_view headline, std::vector<syntax::Diagnostic> errors,
                                   bool always_wrap);
// `<headline>: <chain>` for the whole block.
EvaluationFailure block_failure(const std::optional<syntax::ast::BlockRef>& block, std::string_view headline,
                                std::string chain);

}  // namespace invar::runtime
