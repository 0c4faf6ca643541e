// References: every identifier chain of an expression or body, in source order (language.md 8).
#include <algorithm>

#include "syntax/evaluator.h"

namespace invar::syntax {
namespace {

// Left-hand chains may be very long, so they are unrolled; recursion follows brackets only.
class Collector {
 public:
  explicit Collector(std::vector<Traversal>& out) : out_(out) {}

  void expression(const ast::Expr& expr) {
    std::vector<const ast::Expr*> chain;
    const ast::Expr* head = &expr;
    for (;;) {
      const ast::Expr* next = nullptr;
      if (const auto* binary = std::get_if<ast::Binary>(&head->node))
        next = binary->left.get();
      else if (const auto* access = std::get_if<ast::Access>(&head->node))
        next = access->object.get();
      else if (const auto* index = std::get_if<ast::Index>(&head->node))
        next = index->object.get();
      else if (const auto* call = std::get_if<ast::Call>(&head->node))
        next = call->callee.get();
      if (next == nullptr) break;
      chain.push_back(head);
      head = next;
    }
    bool open = false;  // the traversal begun at the head may still grow by an access
    if (const auto* identifier = std::get_if<ast::Identifier>(&head->node)) {
      out_.push_back({{identifier->name}, {head->span}});
      open = true;
    } else {
      inside(*head);
    }
    const std::size_t grown = open ? out_.size() - 1 : 0;
    for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
      if (const auto* access = std::get_if<ast::Access>(&(*link)->node)) {
        if (!open) continue;
        out_[grown].names.push_back(access->name);
        out_[grown].spans.push_back(access->name_span);
        continue;
      }
      open = false;
      if (const auto* index = std::get_if<ast::Index>(&(*link)->node)) expression(*index->index);
      if (const auto* binary = std::get_if<ast::Binary>(&(*link)->node)) expression(*binary->right);
      if (const auto* call = std::get_if<ast::Call>(&(*link)->node))
        for (const auto& argument : call->arguments) expression(*argument);
    }
  }

  void body(const ast::Body& body) {
    for (const auto& statement : body.statements) {
      if (const auto* attribute = std::get_if<ast::Attribute>(&statement.node))
        expression(*attribute->value);
      else
        this->body(std::get<ast::Block>(statement.node).body);
    }
  }

 private:
  void inside(const ast::Expr& expr) {
    if (const auto* array = std::get_if<ast::Array>(&expr.node)) {
      for (const auto& element : array->elements) expression(*element);
    } else if (const auto* object = std::get_if<ast::Object>(&expr.node)) {
      for (const auto& field : object->fields) expression(*field.value);
    } else if (const auto* unary = std::get_if<ast::Unary>(&expr.node)) {
      expression(*unary->operand);
    } else if (const auto* paren = std::get_if<ast::Paren>(&expr.node)) {
      expression(*paren->inner);
    }
  }

  std::vector<Traversal>& out_;
};

}  // namespace

void collect_traversals(const ast::Body& body, std::vector<Traversal>& out) {
  Collector(out).body(body);
}
void collect_traversals(const ast::Expr& expr, std::vector<Traversal>& out) {
  Collector(out).expression(expr);
}

}  // namespace invar::syntax
