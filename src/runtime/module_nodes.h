// What a module is given and what it gives: the nodes of `argument`, `export` and `declare`, and of the names that a foreach
// hands into its template.
// Threads: loop thread only. Spec: modules.md 1, 4; language.md 10.4 (texts).
#pragma once

#include <optional>
#include <string>

#include "runtime/node.h"

namespace invar::runtime {

const syntax::Schema& argument_schema();
const syntax::Schema& export_schema();

// A name with a value from outside, such as the item of a foreach: what refers to the name sees the value.
class GivenNode : public Node {
 public:
  using Node::Node;
  // True when it is another than before.
  bool give(const syntax::Value& value);
  [[nodiscard]] const syntax::Value* exports() const override { return &value_; }

 private:
  syntax::Value value_;
};

// argument.NAME: the caller's value, else the default, which may follow a component.
class ArgumentNode : public Node {
 public:
  ArgumentNode(std::string id, std::string name, const ModuleContext& module)
      : Node(std::move(id)), module_(&module), name_(std::move(name)) {}
  [[nodiscard]] const std::string& name() const { return name_; }
  // Nothing: the caller does not pass it. True when that is another than before.
  bool give(std::optional<syntax::Value> value);
  [[nodiscard]] const syntax::Value* exports() const override { return &exports_; }

 protected:
  Evaluation evaluate_now(const syntax::Scope& scope) override;

 private:
  const ModuleContext* module_;
  const std::string name_;
  std::optional<syntax::Value> given_;
  std::optional<syntax::Value> value_;
  syntax::Value exports_ = syntax::Value::object({});  // {value = ...}
};

// export.NAME: a value that the module hands to who made it.
class ExportNode : public Node {
 public:
  ExportNode(std::string id, std::string name, const ModuleContext& module)
      : Node(std::move(id)), module_(&module), name_(std::move(name)) {}
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::optional<syntax::Value>& value() const { return value_; }

 protected:
  Evaluation evaluate_now(const syntax::Scope& scope) override;

 private:
  const ModuleContext* module_;
  const std::string name_;
  std::optional<syntax::Value> value_;  // the last that could be computed
};

// declare.NAME: does nothing; it is there for the order of evaluation and for circles.
class DeclareNode : public Node {
 public:
  using Node::Node;
};

}  // namespace invar::runtime
